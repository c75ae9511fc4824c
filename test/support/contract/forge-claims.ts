/**
 * Everything that the flow of pull requests relies on at a forge, as checks that run against each implementation of
 * the port: GitHub (against the fake one), the embedded forge, and the forge in memory of the flow's own tests.
 */

import type { ForgeClaim } from './forge-lab.ts';
import { FORGE_READING_CLAIMS } from './forge-reading-claims.ts';
import { FORGE_WRITING_CLAIMS } from './forge-writing-claims.ts';

export const FORGE_CLAIMS: readonly ForgeClaim[] = [...FORGE_READING_CLAIMS, ...FORGE_WRITING_CLAIMS];
