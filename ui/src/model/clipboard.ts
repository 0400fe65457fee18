// The clipboard, also where the page's own origin may not use the newer way to it.

/** Copies; whether it worked. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  // A modal dialog takes the focus from everything outside of it.
  (document.activeElement?.closest('dialog') ?? document.body).append(field);
  const before = document.activeElement;
  field.select();
  const worked = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return worked;
}
