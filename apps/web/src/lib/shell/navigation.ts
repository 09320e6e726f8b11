import History from '@lucide/svelte/icons/history';
import Inbox from '@lucide/svelte/icons/inbox';
import MessageCircle from '@lucide/svelte/icons/message-circle';
import NotebookText from '@lucide/svelte/icons/notebook-text';
import Settings from '@lucide/svelte/icons/settings';
import SquareCheck from '@lucide/svelte/icons/square-check-big';
import Sun from '@lucide/svelte/icons/sun';
import Target from '@lucide/svelte/icons/target';
import type { Navigation } from './nav-item.ts';

/** The places of the app. `suggestions` counts by path; places without any get no badge. */
export function buildNavigation(suggestions: ReadonlyMap<string, number>): Navigation {
  const item = (href: string, label: string, icon: typeof Sun) => ({
    href,
    label,
    icon,
    suggestions: suggestions.get(href) ?? 0,
  });
  return {
    main: [
      item('/', 'Today', Sun),
      item('/inbox', 'Inbox', Inbox),
      item('/missions', 'Missions', Target),
      item('/chat', 'Chat', MessageCircle),
    ],
    modules: [item('/todo', 'Todo', SquareCheck), item('/notes', 'Notes', NotebookText)],
    foot: [item('/activity', 'Activity', History), item('/settings', 'Settings', Settings)],
  };
}

/** What lies over the page; one at a time. */
export type Overlay = 'palette' | 'help' | 'sync' | 'more' | 'add';
