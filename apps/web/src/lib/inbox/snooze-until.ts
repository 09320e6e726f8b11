/** When a snoozed suggestion comes back: tomorrow at 8 on the device's clock. Milliseconds since 1970. */
export function snoozeUntil(nowMs: number): number {
  const morning = new Date(nowMs);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(8, 0, 0, 0);
  return morning.getTime();
}
