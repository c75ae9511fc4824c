/** JSON documents in the state folder. */
import type { StateStore } from '../ports.ts';

/** What is kept under a key; undefined when there is nothing, or nothing that can be read. @throws PortError */
export async function readDocument<T>(store: StateStore, key: string): Promise<T | undefined> {
  const text = await store.read(key);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** A store that nothing is written to: for whoever only wants to look. */
export function readOnly(store: StateStore): StateStore {
  return { read: (key) => store.read(key), write: async () => {}, append: async () => {} };
}
