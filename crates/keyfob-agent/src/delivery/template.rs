//! The user's own template of a token file: text with `{{NAME}}`, or `{{json NAME}}` for a quoted JSON string. A name that
//! is none of ours is an error that says so, never an empty place.

/// Fills `template` with what `value` gives for each name.
///
/// # Errors
/// In words: a name nobody knows, with the line it stands in, or braces that are not closed.
pub(super) fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut text = String::with_capacity(template.len() + 1_024);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let line = template[..template.len() - after.len()].matches('\n').count() + 1;
        let Some((place, behind)) = after.split_once("}}") else {
            return Err(format!("line {line} of the template: `{{{{` is not closed"));
        };
        let place = place.trim();
        let (name, is_json) = place.strip_prefix("json ").map_or((place, false), |name| (name.trim(), true));
        let Some(value) = value(name) else {
            let name = keyfob_core::server_text::shown(name);
            return Err(format!("line {line} of the template: there is no `{name}`; there are {NAMES}"));
        };
        text.push_str(&if is_json { serde_json::Value::String(value).to_string() } else { value });
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

/// What a template may name.
const NAMES: &str = "access_token, refresh_token, expires_at, expires_at_s, expires_at_ms, scope, resource";

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn a_template_is_filled_and_every_other_byte_stays() {
        let value = |name: &str| (name == "access_token").then(|| "a\"{{b}}".to_owned());
        let template = "[x]\r\nt = {{ json access_token }}\n\n{{access_token}} { } }}";
        assert_eq!(filled(template, value).unwrap(), "[x]\r\nt = \"a\\\"{{b}}\"\n\na\"{{b}} { } }}");
        assert!(
            filled("\n{{acess_token}}", value)
                .unwrap_err()
                .starts_with("line 2 of the template: there is no")
        );
        assert!(filled("{{access_token", value).unwrap_err().contains("not closed"));
    }
}
