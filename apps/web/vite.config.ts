import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import { announcerWithoutInlineStyle } from './vite-plugin-announcer.ts';

export default defineConfig({
  plugins: [
    announcerWithoutInlineStyle(),
    tailwindcss(),
    sveltekit({
      compilerOptions: {
        runes: ({ filename }) => (filename.split(/[/\\]/).includes('node_modules') ? undefined : true),
      },
      // Every page is drawn in the browser from the local database: one fallback page serves all of them.
      adapter: adapter({ fallback: '200.html', precompress: true }),
      // The app registers its own worker: the update waits for the user (src/lib/shell/sw-update.svelte.ts).
      serviceWorker: { register: false },
      // Absolute asset paths: a deep link opened offline gets the same page as "/".
      paths: { relative: false },
      // The default is the time of the build, which would make every rebuild look like an update.
      version: { name: process.env.APP_VERSION ?? 'dev' },
    }),
  ],
  build: {
    target: 'es2023',
    // The colours use light-dark() and the overlays use popover: browsers since spring 2024.
    cssTarget: ['chrome125', 'firefox128', 'safari18'],
  },
});
