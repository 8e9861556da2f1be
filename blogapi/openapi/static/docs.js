"use strict";

// What the last sign-in or refresh on this page gave.
let session = null;

// An operation is to be seen at once. What other answers than its own say is a line each, with links to what the problems
// mean, and headers are named; what they mean is folded away, and so is what a second kind of success looks like.
const brief = () => ({
  wrapComponents: {
    response: (Original, { React, specSelectors }) => (props) => {
      if (Number(props.code) < 300) {
        const answers = specSelectors.specJson().getIn(["paths", props.path, props.method, "responses"]);
        if (Number(props.code) === Math.min(...answers.keys())) return React.createElement(Original, props);
        return React.createElement("tr", { className: "response brief", "data-code": props.code },
          React.createElement("td", { className: "response-col_status" }, props.code),
          React.createElement("td", null,
            React.createElement("details", null,
              React.createElement("summary", null, props.response.get("description", "").replaceAll("`", "")),
              React.createElement("table", null, React.createElement("tbody", null, React.createElement(Original, props))))));
      }
      const description = props.response.get("description", "");
      // Only of errors, what stands in backticks is the code of a problem.
      const codes = Number(props.code) < 400 ? [] : [...description.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code);
      const phrase = codes.length ? description.split(": ")[0] : description.replaceAll("`", "");
      const linked = codes.flatMap((code) => [" ", React.createElement("a", { key: code, href: `/docs/problems/${code}` }, code)]);
      return React.createElement("tr", { className: "response brief", "data-code": props.code },
        React.createElement("td", { className: "response-col_status" }, props.code),
        React.createElement("td", null, phrase, ...linked));
    },
    headers: (Original, { React }) => (props) => {
      const names = props.headers ? [...props.headers.keys()] : [];
      if (!names.length) return null;
      return React.createElement("details", { className: "response-headers" },
        React.createElement("summary", null, `Headers: ${names.join(", ")}`),
        React.createElement(Original, props));
    },
  },
});

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  plugins: [brief],
  // Nothing is sent to a validator elsewhere.
  validatorUrl: null,
  // "Try it out" asks the server that this page came from, under whatever name it was reached.
  requestInterceptor: (request) => {
    const url = new URL(request.url, window.location.href);
    request.url = window.location.origin + url.pathname + url.search;
    if (url.pathname === "/v1/auth/refresh" && session) {
      // No example can know it: the one of this page's own session takes its place.
      const body = JSON.parse(request.body);
      if (body.refresh_token.includes(" ")) {
        request.body = JSON.stringify({ ...body, refresh_token: session.refresh_token });
      }
    }
    return request;
  },
  // Who signs in by trying it out goes on signed in.
  responseInterceptor: (response) => {
    const path = new URL(response.url, window.location.href).pathname;
    if (response.ok && ["/v1/auth/login", "/v1/auth/refresh"].includes(path) && response.obj.access_token) {
      session = response.obj;
      ui.preauthorizeApiKey("token", session.access_token);
    }
    return response;
  },
});
