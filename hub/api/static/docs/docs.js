/* Shows the description of the interface. Calls made from here go to this hub, as its own page. */

const TOKEN = "X-CSRF-Token";
const SAFE = ["GET", "HEAD", "OPTIONS"];
const SESSION = new URL("../session/", location.href);

/** The token of the session that this browser has, or null where it has none. */
async function token() {
  const answer = await fetch(SESSION);
  return answer.ok ? (await answer.json()).csrf_token : null;
}

/** Somebody who is logged in and shows no key changes things by their session. */
async function withToken(request) {
  const shown = Object.keys(request.headers).map((name) => name.toLowerCase());
  const keyed = shown.includes("authorization") || shown.includes("x-api-key");
  const own = new URL(request.url, location.href).pathname.startsWith("/api/");
  if (own && !keyed && !SAFE.includes((request.method ?? "GET").toUpperCase())) {
    const found = await token();
    if (found) {
      request.headers[TOKEN] = found;
    }
  }
  return request;
}

SwaggerUIBundle({
  url: new URL("../openapi.json", location.href).href,
  dom_id: "#interface",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null,
  requestInterceptor: withToken,
});
