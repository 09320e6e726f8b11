/** The shape of the browser's Trusted Types factory: not in TypeScript's library yet. */
interface TrustedTypesHost {
  trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createScriptURL(url: string): string },
    ): { createScriptURL(url: string): string };
  };
}

/**
 * A script address that the browser accepts under `require-trusted-types-for 'script'`. Only paths of this origin: the policy
 * must not become a way around itself. Its name is in the server's `trusted-types` list.
 */
export function workerUrl(path: `/${string}`): string {
  const policy = (globalThis as TrustedTypesHost).trustedTypes?.createPolicy('manara-worker', {
    createScriptURL(url) {
      if (!/^\/[\w-]+\.js$/.test(url)) throw new TypeError('Only a worker of this origin');
      return url;
    },
  });
  return policy ? policy.createScriptURL(path) : path;
}
