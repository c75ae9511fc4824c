/**
 * Random stories of pull requests: people push, merge, approve, push past everything and change servers by hand, while the
 * forge fails and RedisForge dies. Whatever happens, nothing runs that was not let in, and in the end everything that is
 * to be read is right, is said once, and then it is quiet.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortError } from '../../reconciler/ports.ts';
import { CALL_MISHAPS } from '../support/simulation/calls.ts';
import { clusterText, Flow, POLL_MS } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
/** What pull requests ask for; a direct push asks for something else. */
const PROPOSED = ['allkeys-lru', 'allkeys-lfu', 'volatile-ttl'] as const;
const PUSHED = 'volatile-random';
const BEGINNING = 'noeviction';
const numRuns = Number(process.env['STORIES'] ?? 12);
const seed = Number(process.env['STORY_SEED'] ?? 20_261_124);

const acts = fc.record({
  kind: fc.constantFrom(
    'open',
    'open',
    'push',
    'merge',
    'merge',
    'close',
    'direct-push',
    'drift',
    'pause',
    'resume',
    'approve',
    'forge-down',
    'forge-up',
    'restart',
    'mishap',
    'wait',
    'wait',
  ),
  a: fc.nat({ max: 9_999 }),
  waitMs: fc.nat({ max: 3 * POLL_MS }),
});

type Act = { readonly kind: string; readonly a: number; readonly waitMs: number };

class Story {
  readonly flow: Flow;
  /** Values that somebody has merged, or approved, so that they may show on the servers. */
  readonly letIn = new Set<string>([BEGINNING]);
  readonly remarks: string[] = [];
  readonly asked = new Map<string, string>();
  readonly #wants = new Map<string, string>();
  #pushes = 0;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  get open(): string[] {
    return [...this.#wants.keys()].filter((id) => this.flow.place.pullRequest(id).state === 'open');
  }

  wanted(id: string): string {
    return this.#wants.get(id) ?? BEGINNING;
  }

  live(): Set<string | undefined> {
    return new Set(this.flow.fleet.servers.map(({ config }) => config.get('maxmemory-policy')));
  }

  async act({ kind, a, waitMs }: Act): Promise<void> {
    const { flow } = this;
    const { place, fleet } = flow;
    const id = this.open[a % Math.max(1, this.open.length)];
    const value = PROPOSED[a % PROPOSED.length] as string;
    if (kind === 'open')
      this.#wants.set(
        place.propose({ branch: `topic-${a}-${this.#wants.size}`, files: filesOf(value) }),
        value,
      );
    else if (kind === 'push' && id !== undefined) {
      place.push(id, filesOf(value));
      this.#wants.set(id, value);
    } else if (kind === 'merge' && id !== undefined) this.#merge(id);
    else if (kind === 'close' && id !== undefined) place.close(id);
    else if (kind === 'direct-push') {
      this.#pushes += 1;
      flow.repository.commit('main', { ...filesOf(PUSHED), 'count.txt': `${this.#pushes}` });
    } else if (kind === 'drift')
      fleet.inject({
        kind: 'config-set',
        node: 'orders-2a',
        directive: 'repl-diskless-sync-delay',
        value: `${(a % 50) + 6}`,
      });
    else if (kind === 'pause' || kind === 'resume') this.say(`/redisforge ${kind} orders`);
    else if (kind === 'approve') this.approveHeld();
    else if (kind === 'forge-down') place.failure = new PortError('unreachable', 'the forge is away');
    else if (kind === 'forge-up') place.failure = undefined;
    else if (kind === 'restart') flow.restart();
    else if (kind === 'mishap')
      fleet.inject({ kind: 'call', mishap: CALL_MISHAPS[a % CALL_MISHAPS.length] ?? 'hang', skip: a % 23 });
    await flow.pass(waitMs);
    this.check();
  }

  /** Nothing shows on a server that nobody has let in. */
  check(): void {
    for (const value of this.live()) expect([...this.letIn], this.flow.describe()).toContain(value);
  }

  say(body: string): void {
    const remark = this.flow.place.remark('issue-1', 'grace', body);
    this.remarks.push(remark);
  }

  /** Somebody looks at what is held now, and lets it in. */
  approveHeld(): void {
    const plans = [...this.flow.place.issues.map(({ body }) => body), ...this.comments()].flatMap((text) =>
      [...text.matchAll(/\/redisforge approve (p_[0-9a-f]{12})/g)].map((match) => match[1] ?? ''),
    );
    for (const plan of new Set(plans)) {
      for (const place of ['issue-1', ...this.#wants.keys()]) {
        const remark = this.flow.place.remark(place, 'grace', `/redisforge approve ${plan}`);
        this.remarks.push(remark);
      }
    }
    if (plans.length > 0) for (const value of this.#merged) this.letIn.add(value);
  }

  readonly #merged = new Set<string>([PUSHED]);

  comments(): string[] {
    return [...this.#wants.keys()].map((id) => this.flow.comment(id, 'orders'));
  }

  #merge(id: string): void {
    try {
      this.flow.place.merge(id);
    } catch {
      // It contradicts what was pushed meanwhile: nobody can merge it.
      return;
    }
    this.letIn.add(this.wanted(id));
    this.#merged.add(this.wanted(id));
  }
}

function filesOf(value: string) {
  return { [PATH]: clusterText('orders', { config: { 'maxmemory-policy': value } }) };
}

async function tell(simulation: number, story: readonly Act[]): Promise<void> {
  const flow = await Flow.begun(simulation, filesOf(BEGINNING));
  const told = new Story(flow);
  for (const act of story) await told.act(act);
  // The world is quiet from now on.
  flow.place.failure = undefined;
  flow.fleet.healAll();
  told.say('/redisforge resume orders');
  await flow.pass(12 * POLL_MS);
  told.check();
  for (let round = 0; round < 4 && flow.held('orders') !== undefined; round += 1) {
    told.approveHeld();
    await flow.pass(8 * POLL_MS);
  }
  await flow.until(
    'what is on the branch is in force',
    () => flow.held('orders') === undefined && flow.allConverged(),
    40 * POLL_MS,
  );
  await flow.pass(4 * POLL_MS);
  const { place } = flow;
  for (const id of told.open) {
    const { commit } = place.pullRequest(id).head;
    expect(flow.planStatus(id), flow.describe()).not.toBe('pending');
    // Closed ones that change nothing have none.
    if (flow.comment(id, 'orders') !== '')
      expect(flow.comment(id, 'orders'), flow.describe()).toContain(commit.slice(0, 7));
  }
  for (const remark of told.remarks)
    expect(place.reactions.get(remark), `${remark}\n${flow.describe()}`).toHaveLength(1);
  expect(flow.fleet.lostWrites()).toEqual([]);
  const { writes } = place;
  await flow.pass(6 * POLL_MS);
  expect(place.writes, flow.describe()).toBe(writes);
}

describe('stories of pull requests', () => {
  it(
    'end well, whatever happens in them',
    () =>
      fc.assert(
        fc.asyncProperty(fc.nat({ max: 0x7fffffff }), fc.array(acts, { minLength: 4, maxLength: 14 }), tell),
        { numRuns, seed },
      ),
    90_000 + numRuns * 6_000,
  );
});
