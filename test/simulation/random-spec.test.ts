/** The specs that properties run over are valid, before and after every edit. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasErrors } from '../../spec-schema/problem.ts';
import { readSpec } from '../../spec-schema/read-spec.ts';
import {
  applyEdit,
  nodeEdits,
  rawFrom,
  scaleEdits,
  settingEdits,
  specDocuments,
  specFrom,
} from '../support/simulation/random-spec.ts';

const edits = fc.array(fc.oneof(settingEdits, nodeEdits, scaleEdits), { maxLength: 4 });

test('random specs, and what edits make of them, break no rule', () => {
  fc.assert(
    fc.property(specDocuments, edits, (first, changes) => {
      let document = first;
      for (const edit of [undefined, ...changes]) {
        if (edit !== undefined) document = applyEdit(document, edit);
        const { problems } = readSpec(JSON.stringify(rawFrom(document)), 'cluster.yaml');
        const errors = problems.filter(({ severity }) => severity === 'error');
        expect(errors, JSON.stringify(edit)).toEqual([]);
        expect(hasErrors(problems)).toBe(false);
        expect(specFrom(document).nodes).toHaveLength(document.nodes.length);
      }
    }),
    { numRuns: 60 },
  );
});
