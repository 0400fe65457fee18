// How the oidc-provider portal is set up: what it allows, how long things live, its three plain pages.

const page = (title, body) => `<!doctype html><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}`;
const text = (value) => String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The machine client every portal knows. Its secret holds what must be form-encoded in a Basic header. */
export const MACHINE_CLIENT = { id: "machine", secret: "m:a/c+h ine secret, 32 letters.." };

function deviceFlow() {
  return {
    enabled: true,
    userCodeInputSource: (context, form, _out, error) => {
      const complaint = error ? "<p>That code is not known.</p>" : "";
      context.body = page("Enter the code", `${complaint}${form}<button id="allow" form="op.deviceInputForm">Go on</button>`);
    },
    userCodeConfirmSource: (context, form, client, _deviceInfo, userCode) => {
      context.body = page(
        "Is this the code?",
        `<p>${text(client.clientName ?? client.clientId)} shows ${text(userCode)}</p>${form}
<button id="allow" form="op.deviceConfirmForm">Allow</button>
<button id="deny" form="op.deviceConfirmForm" name="abort" value="yes">Deny</button>`,
      );
    },
    successSource: (context) => {
      context.body = page("Signed in", "<p>You can close this page.</p>");
    },
  };
}

/** Tokens for the one MCP endpoint; a wish for any other resource is `invalid_target` (RFC 8707, section 2). */
function resourceIndicators(resource, options, invalidTarget) {
  return {
    enabled: true,
    useGrantedResource: () => true,
    getResourceServerInfo: (_context, asked) => {
      if (asked !== resource) throw invalidTarget();
      return { scope: options.scopes.join(" "), accessTokenTTL: options.accessTokenTtl, accessTokenFormat: "opaque" };
    },
  };
}

/**
 * The configuration for `new Provider(origin, …)`. Left alone on purpose: rotation (each time for public clients, from
 * 70 % of life on for others) with reuse detection, which ends the whole grant.
 */
export function providerSettings(origin, options, invalidTarget) {
  const always = options.refreshTokens === "always";
  return {
    clients: [
      {
        client_id: MACHINE_CLIENT.id,
        client_secret: MACHINE_CLIENT.secret,
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: ["openid", "offline_access", ...options.scopes],
    cookies: { keys: ["a key for cookies of a portal that lives for one test"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: deviceFlow(),
      resourceIndicators: resourceIndicators(`${origin}/mcp`, options, invalidTarget),
    },
    // "own-rule": only for `offline_access`, which the provider drops silently without `prompt=consent`.
    ...(always && {
      issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
      expiresWithSession: () => false,
    }),
    ttl: {
      AccessToken: options.accessTokenTtl,
      ClientCredentials: options.accessTokenTtl,
      DeviceCode: 600,
      Grant: options.signInTtl,
      Interaction: 600,
      RefreshToken: options.signInTtl,
      Session: options.signInTtl,
    },
  };
}

/** The page that asks; its button `#allow` posts back to the same address. */
export function consentPage(portal, client, scopes) {
  return page(
    `Sign in to ${text(portal)}`,
    `<p>${text(client)} asks for: ${text(scopes || "nothing in particular")}.</p>
<form method="post"><button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button></form>`,
  );
}
