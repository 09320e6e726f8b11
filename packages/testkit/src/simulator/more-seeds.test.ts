import { describe } from 'vitest';
import { Coverage, itIsSound } from './sound-seeds.ts';

describe('devices on a bad network, with wrong clocks and killed apps, more of them', () => {
  itIsSound(501, 1000, new Coverage());
});
