/** What goes wrong in the middle of changes, row by row; the result is the table in `docs/fault-matrix.md`. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { addressesChange } from '../support/fault-matrix/addresses.ts';
import { commitsErr } from '../support/fault-matrix/commits.ts';
import { handsMeddle } from '../support/fault-matrix/hands.ts';
import { hostsFail } from '../support/fault-matrix/hosts.ts';
import { imagesBreak } from '../support/fault-matrix/images.ts';
import { nodesDie, reconcilerDies } from '../support/fault-matrix/kills.ts';
import { FaultMatrix } from '../support/fault-matrix/matrix.ts';
import { Site } from '../support/fault-matrix/site.ts';
import { surroundingsFail } from '../support/fault-matrix/surroundings.ts';
import type { RealShape } from '../support/real-spec.ts';

const matrix = new FaultMatrix([
  {
    number: 10,
    fault: 'a new node finds data of somebody else',
    because: 'not struck yet in the middle of a change: `hazards.test.ts`, `refusals.test.ts`',
  },
  {
    number: 12,
    fault: 'expired certificate, wrong key, another authority',
    because: 'not struck: RedisForge does not set TLS up yet',
  },
  { number: 15, fault: 'a full disk, an object store that is down', because: 'not struck yet' },
  {
    number: 17,
    fault: 'three shards are restored into five',
    because: 'not struck: there are no backups yet',
  },
  {
    number: 18,
    fault: 'the forge cannot be reached',
    because: 'not struck here: `test/simulation/forge.test.ts`',
  },
]);

/** Rows that are proved on one cluster, one after the other; those of other clusters run beside them. */
function onOneCluster(
  what: string,
  rows: readonly ((matrix: FaultMatrix, site: () => Site) => void)[],
  shape: RealShape = {},
  options = { loaded: true },
): void {
  describe(what, { concurrent: true }, () => {
    let site: Site;
    beforeAll(async () => {
      site = await Site.open({ ...shape, more: { policies: { canarySoak: 1 } } }, options);
    }, 300_000);
    afterAll(() => site?.close());
    for (const declare of rows) declare(matrix, () => site);
  });
}

onOneCluster('what dies', [reconcilerDies, nodesDie]);
onOneCluster('what cannot be reached, and what cannot be done', [hostsFail, commitsErr]);
onOneCluster('what others do', [handsMeddle, surroundingsFail, imagesBreak]);
onOneCluster(
  'what moves to other addresses',
  [addressesChange],
  // Whatever was acknowledged is on the disk: everything stops at once, RedisForge's clients too.
  { floating: true, config: { appendfsync: 'always' } },
  { loaded: false },
);

it('the table tells what was found', () => {
  matrix.conclude();
});
