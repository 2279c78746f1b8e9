import { existsSync } from "node:fs";

const PATHS = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser"];

/** The browser on this machine; undefined: there is none. */
export const CHROMIUM: string | undefined = PATHS.find((path) => path !== "" && existsSync(path));

/** Also as root, and asking nobody outside. */
export const CHROMIUM_FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
