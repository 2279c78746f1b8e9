/** Dark, light, or as the reader's system has it. */

const CHOICES = /** @type {const} */ (["system", "dark", "light"]);
const SIGNS = { system: "◐", dark: "☾", light: "☀" };
const NAME = "tinyclaw.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
/** @type {HTMLElement | undefined} */
let button;

/** @returns {"system" | "dark" | "light"} */
function choice() {
  const stored = localStorage.getItem(NAME);
  return CHOICES.find((known) => known === stored) ?? "system";
}

function apply() {
  const chosen = choice();
  const isDark = chosen === "dark" || (chosen === "system" && prefersDark.matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  if (button === undefined) return;
  button.textContent = SIGNS[chosen];
  button.title = `Theme: ${chosen}`;
  button.setAttribute("aria-label", `Theme: ${chosen}`);
}

/** @param {HTMLElement} shownBy */
export function startTheme(shownBy) {
  button = shownBy;
  prefersDark.addEventListener("change", apply);
  apply();
}

export function switchTheme() {
  const next = CHOICES[(CHOICES.indexOf(choice()) + 1) % CHOICES.length] ?? "system";
  localStorage.setItem(NAME, next);
  apply();
  dispatchEvent(new Event("theme"));
}
