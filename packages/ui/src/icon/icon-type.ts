import type { Component } from 'svelte';

/** Any lucide icon, imported one by one: `import Sun from '@lucide/svelte/icons/sun'`. */
export type IconType = Component<{ size?: number | string; strokeWidth?: number | string; class?: string }>;
