// Biome formats and does the fast lint, oxlint what needs types (.oxlintrc.json); eslint does Svelte files and the project's own
// boundaries.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import { boundaryConfigs } from './tools/boundary-lint.ts';

/** Files that a framework reads through their default export. */
const frameworkFiles = ['**/*.config.{ts,js}', '**/global-setup.ts', '**/*.svelte', '.dependency-cruiser.mjs'];

export default defineConfig(
  globalIgnores([
    '**/build/',
    '**/.svelte-kit/',
    '**/.svelte-check/',
    '**/node_modules/',
    '**/test-results/',
    '.manara/',
  ]),
  js.configs.recommended,
  ts.configs.recommended,
  svelte.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      // TypeScript knows which names exist.
      'no-undef': 'off',
      // An underscore says that a parameter is there for its place alone.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'max-lines': ['error', { max: 500 }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  { files: ['**/*.svelte'], rules: { 'max-lines': ['error', { max: 250 }], 'svelte/no-at-html-tags': 'error' } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    rules: {
      // A Map or Date that is made, read and thrown away within one function is no state.
      'svelte/prefer-svelte-reactivity': 'off',
      // The app is always at the root of its origin.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  // Playwright insists on the empty pattern for fixtures that need no other.
  { files: ['**/e2e/**'], rules: { 'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }] } },
  { files: frameworkFiles, rules: { 'no-restricted-exports': 'off' } },
  {
    // The rules of .oxlintrc.json, which reads no components.
    files: ['**/*.svelte'],
    languageOptions: {
      parserOptions: {
        project: './tsconfig.lint.json',
        extraFileExtensions: ['.svelte'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser } } },
  boundaryConfigs(),
);
