// Dexie looks for IndexedDB once, when it is loaded. Test files share their process, and whichever loads it first decides
// for all: so it is there before any of them.
import 'fake-indexeddb/auto';
