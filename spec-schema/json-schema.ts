/** The schema of `cluster.yaml` for editors: completion, descriptions, and red lines while one types. */
import { z } from 'zod';
import { clusterSpecSchema } from './cluster-spec.ts';

/**
 * JSON Schema (draft 2020-12) of what may be written, defaults left out included. It accepts exactly what the zod
 * schema accepts; what fields mean together is known to `readSpec` only.
 */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(clusterSpecSchema, { target: 'draft-2020-12', io: 'input' });
  return { ...schema, title: 'RedisForge cluster.yaml' };
}
