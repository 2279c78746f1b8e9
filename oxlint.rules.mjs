/** Rules of our own, for the walls of the house that the linter's rules do not see. See oxlint.config.mjs. */

const TIMERS = new Set(["setInterval", "setTimeout", "setImmediate"]);

/** Ways to a module past `import`, and the one file that has a reason for each. */
const BYPASSES = new Map([
  ["createRequire", "src/core/on-demand.ts"],
  ["getBuiltinModule", "src/core/node-http.ts"],
]);

/** `import(…)` of anything but a plain string, and what brings modules in without it: the walls read plain imports alone. */
const plainImports = {
  create: (context) => ({
    "Identifier, Literal"(node) {
      const home = BYPASSES.get(node.name ?? node.value);
      if (home === undefined || context.filename.replaceAll("\\", "/").endsWith(`/${home}`)) return;
      context.report({
        node,
        message: `Import it, so that the walls see what comes in; only ${home} needs another way.`,
      });
    },
    ImportExpression(node) {
      if (typeof node.source.value === "string") return;
      context.report({ node, message: "Import a plain string, so that the walls see what comes in." });
    },
  }),
};

/** What runs as soon as a file is imported: a statement that is only a call, and a timer or wait kept in a name. */
const quietImports = {
  create: (context) => ({
    Program({ body }) {
      for (const statement of body) {
        if (isLoud(statement)) context.report({ node: statement, message: "An import must do nothing by itself." });
      }
    },
  }),
};

function isLoud(statement) {
  if (statement.type === "ExpressionStatement") return true;
  const { declarations = [] } = statement.declaration ?? statement;
  return declarations.some(({ init }) => init?.type === "AwaitExpression" || TIMERS.has(init?.callee?.name));
}

export default { meta: { name: "walls" }, rules: { "plain-imports": plainImports, "quiet-imports": quietImports } };
