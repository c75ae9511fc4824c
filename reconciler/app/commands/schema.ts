/** `redisforge schema`: the JSON Schema of cluster.yaml, for editors. */
import { jsonSchema } from '../../../spec-schema/json-schema.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Output, writeLine } from '../terminal/screen.ts';

export function schemaCommand({ out }: Output): ExitCode {
  writeLine(out, JSON.stringify(jsonSchema(), null, 2));
  return EXIT.done;
}
