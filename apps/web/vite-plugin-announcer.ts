import type { Plugin } from 'vite';

const ROOT = /@sveltejs\/kit\/src\/runtime\/components\/root\.svelte$/;
const STYLE = /\sstyle="position: absolute;[^"]*"/;

/**
 * SvelteKit hides its navigation announcer with a style attribute, which `style-src 'self'` blocks. The same rules stand in our
 * sheet as a class, so no hole in the policy is needed. Fails the build when the component no longer looks as expected.
 */
export function announcerWithoutInlineStyle(): Plugin {
  return {
    name: 'announcer-without-inline-style',
    enforce: 'pre',
    transform: {
      filter: { id: ROOT },
      handler(code) {
        if (!STYLE.test(code)) this.error("SvelteKit's root component has changed: look at its announcer again.");
        return { code: code.replace(STYLE, ' class="visually-hidden"'), map: null };
      },
    },
  };
}
