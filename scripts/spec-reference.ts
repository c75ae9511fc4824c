// Brings the references of cluster.yaml and of the policy in the README up to date with their schemas: `npm run reference`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withReferences } from '../spec-schema/reference.ts';

const readme = join(import.meta.dirname, '../README.md');
const updated = withReferences(readFileSync(readme, 'utf8'));
if (updated === undefined) throw new Error('the README has no place for the reference');
writeFileSync(readme, updated);
