// Odoo's modules are ES modules; what is checked here is what prettier cannot see.
const globals = require("globals");

module.exports = [
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: {...globals.browser, luxon: "readonly", odoo: "readonly"},
      ecmaVersion: 2024,
      sourceType: "module",
    },
    rules: {
      "constructor-super": "error",
      eqeqeq: "error",
      "no-cond-assign": "error",
      "no-const-assign": "error",
      "no-debugger": "error",
      "no-dupe-args": "error",
      "no-dupe-class-members": "error",
      "no-dupe-keys": "error",
      "no-duplicate-case": "error",
      "no-duplicate-imports": "error",
      "no-else-return": "error",
      "no-empty-function": "error",
      "no-eval": "error",
      "no-func-assign": "error",
      "no-global-assign": "error",
      "no-shadow": "error",
      "no-undef": "error",
      "no-unneeded-ternary": "error",
      "no-unreachable": "error",
      "no-unsafe-finally": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": "error",
      "no-use-before-define": "error",
      "prefer-const": "error",
      "valid-typeof": "error",
    },
  },
];
