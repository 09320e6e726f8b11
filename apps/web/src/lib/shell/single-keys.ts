const STORAGE_KEY = 'manara-single-keys';

/** Whether letters alone are keys on this device: yes, until the person turns them off. */
export function readSingleKeys(storage: Storage): boolean {
  try {
    return storage.getItem(STORAGE_KEY) !== 'off';
  } catch {
    return true;
  }
}

export function keepSingleKeys(storage: Storage, on: boolean): void {
  try {
    if (on) storage.removeItem(STORAGE_KEY);
    else storage.setItem(STORAGE_KEY, 'off');
  } catch {
    // Blocked: the choice lasts as long as the page.
  }
}
