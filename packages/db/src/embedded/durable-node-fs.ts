import { fdatasyncSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

type NodeStream = { nfd: number };
type WasmModule = {
  FS: { filesystems: { NODEFS: { stream_ops: { fsync?: (stream: NodeStream) => number } } } };
};
type InitResult = { emscriptenOpts: { preRun?: unknown[] } };

/**
 * PGlite's own file system never reaches fsync, even with `fsync=on`: an acknowledged commit could be lost with the
 * power. Emscripten offers the hook (fd_sync asks the stream for `fsync`), so it is filled in here.
 */
export class DurableNodeFS extends NodeFS {
  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...args);
    const { preRun } = (result as InitResult).emscriptenOpts;
    preRun?.push((wasm: WasmModule) => {
      wasm.FS.filesystems.NODEFS.stream_ops.fsync = (stream) => {
        fdatasyncSync(stream.nfd);
        return 0;
      };
    });
    return result;
  }
}

/**
 * PGlite's start parameters without `-F` (fsync off). `wal_sync_method=fsync` because fdatasync is a no-op in
 * emscripten while fsync reaches the hook above. Small shared buffers: 230 MB of memory instead of 330.
 */
export function durableStartParams(): string[] {
  return [
    ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
    ...['-c', 'fsync=on', '-c', 'wal_sync_method=fsync'],
    ...['-c', 'shared_buffers=32MB', '-c', 'max_wal_size=128MB'],
  ];
}
