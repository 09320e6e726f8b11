import type { IconType } from '@manara/ui/icon/icon-type';

/** One place in the navigation. */
export interface NavItem {
  href: string;
  label: string;
  icon: IconType;
  /** Undecided suggestions there. */
  suggestions?: number;
}

/** The three groups of the sidebar; a phone shows the first ones as tabs and the rest under More. */
export interface Navigation {
  main: readonly NavItem[];
  modules: readonly NavItem[];
  foot: readonly NavItem[];
}

/** Is this the place of the path? "/" only for itself, the others for their pages too. */
export function isCurrent(href: string, path: string): boolean {
  return href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
}
