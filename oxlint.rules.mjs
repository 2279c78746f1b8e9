/** Rules of our own, for the walls of the house that the linter's rules do not see. See oxlint.config.mjs. */

const TIMERS = new Set(["setInterval", "setTimeout", "setImmediate"]);

/** `import(…)` of anything but a plain string: the rules of the walls read plain strings alone. */
const plainImports = {
  create: (context) => ({
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
