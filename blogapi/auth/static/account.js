"use strict";
const form = document.querySelector("form");
const outcome = document.getElementById("outcome");
const code = new URLSearchParams(location.search).get("token") ?? "";
// The code is to stand neither in the history nor in a screenshot.
history.replaceState(null, "", location.pathname);
const says = JSON.parse(document.documentElement.dataset.says ?? "{}");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const body = { [says.code]: code, ...Object.fromEntries(new FormData(form)) };
  try {
    const response = await fetch(says.path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      body: JSON.stringify(body),
    });
    if (response.ok) {
      form.hidden = true;
      outcome.textContent = says.done;
      return;
    }
    const problem = await response.json();
    const wrong = (problem.errors ?? []).map((error) => error.detail).join(" ");
    outcome.textContent = problem.code === "code_invalid" ? says.invalid : wrong || problem.detail;
  } catch {
    outcome.textContent = says.failed;
  }
  button.disabled = false;
});
