/** What a Markdown text names as existing: the words between backticks, the lines of code blocks, the links. */

export interface Named {
  /** Inline code, without the backticks. */
  readonly code: readonly string[];
  /** Lines of fenced blocks. */
  readonly lines: readonly string[];
  /** Targets of links, without those that lead elsewhere (`https:`) and without `#anchor`. */
  readonly links: readonly string[];
}

export function namedIn(markdown: string): Named {
  const lines: string[] = [];
  const prose = markdown.replace(/^(`{3,}|~{3,}).*\n([\s\S]*?)^\1.*$/gm, (_block, _fence, body: string) => {
    lines.push(...body.split("\n").filter((line) => line.trim() !== ""));
    return "";
  });
  const code = [...prose.matchAll(/(`+)([^`]+?)\1(?!`)/g)].map((match) => (match[2] ?? "").trim());
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => (match[1] ?? "").replace(/#.*$/, ""));
  return { code, lines, links: targets.filter((target) => target !== "" && !/^[a-z]+:/.test(target)) };
}

/** Programs of the command line that a text gives: the words after `./tinyclaw.sh`, `npm run`. */
export function commandsIn({ code, lines }: Named): { tinyclaw: string[]; npm: string[] } {
  const all = [...code, ...lines];
  const words = (pattern: RegExp): string[] =>
    all.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""));
  return {
    tinyclaw: words(/tinyclaw\.sh\s+([a-z][\w-]*)/g),
    npm: [...words(/\bnpm run(?: --?[a-z-]+)*\s+([a-z][\w:-]*)/g), ...words(/\bnpm (start|test)\b/g)],
  };
}

const ROOT_FILE =
  /^(?:[A-Z]+\.md|Dockerfile(?:\.\w+)?|compose\.yaml|\w+\.sh|package(?:-lock)?\.json|tsconfig\.json|knip\.json|[\w.]+\.config\.m?js)$/;

/**
 * Inline code that names a file or folder of the repository: it begins with one of the given top folders, or is a name
 * that only the root has. `./` before and `/` behind are left off. Everything else with a slash is somebody else's.
 */
export function pathsIn(code: readonly string[], topFolders: ReadonlySet<string>): string[] {
  return code
    .filter((text) => !/\s/.test(text))
    .map((text) => text.replace(/^\.\//, "").replace(/\/$/, ""))
    .filter((text) => {
      const first = text.split("/")[0] ?? "";
      return text.includes("/") ? topFolders.has(first) : ROOT_FILE.test(text);
    });
}

/**
 * Matches the paths that a path stands for: itself, itself as a folder, and itself with `.ts`; `*` and `<name>` are
 * any name, `**` any path, `{a,b}` either.
 */
export function pathPattern(path: string): RegExp {
  const source = path
    .split(/(\*\*|\*|<[^>]+>|\{[^}]+\})/)
    .map((part) => {
      if (part === "**") return ".*";
      if (part === "*" || part.startsWith("<")) return "[^/]*";
      if (part.startsWith("{")) return `(?:${part.slice(1, -1).split(",").map(literal).join("|")})`;
      return literal(part);
    })
    .join("");
  return new RegExp(`^${source}(?:\\.ts|/.*)?$`);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Inline code that names an environment variable: capitals with an underscore, with or without a value. */
export function variablesIn(code: readonly string[]): string[] {
  return code.flatMap((text) => {
    const name = /^([A-Z][A-Z0-9]*_[A-Z0-9_]*\*?)(?:=.*)?$/.exec(text)?.[1];
    return name === undefined ? [] : [name];
  });
}

/** The cells of the table whose first column has that head, a row each, without those of its head. */
export function tableIn(markdown: string, head: string): string[][] {
  const lines = markdown.split("\n");
  const top = lines.findIndex((line) => cellsOf(line)[0] === head);
  const end = lines.findIndex((line, n) => n > top && !line.startsWith("|"));
  return top === -1 ? [] : lines.slice(top + 2, end === -1 ? undefined : end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line
    .replace(/^\||\|\s*$/g, "")
    .split("|")
    .map((cell) => cell.trim().replace(/\s+/g, " "));
}
