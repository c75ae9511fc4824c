// Brings the reference of cluster.yaml in the README up to date with the schema: `npm run reference`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withSpecReference } from '../spec-schema/reference.ts';

const readme = join(import.meta.dirname, '../README.md');
const updated = withSpecReference(readFileSync(readme, 'utf8'));
if (updated === undefined) throw new Error('the README has no place for the reference');
writeFileSync(readme, updated);
