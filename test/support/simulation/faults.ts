/** What can go wrong around RedisForge, as data, and random plans of it. */
import { CALL_MISHAPS, type CallMishap } from './calls.ts';
import type { Random } from './random.ts';
import { type Machine, REDISFORGE } from './world.ts';

export type Fault =
  /** Power loss: nobody answers there any more (`silence`), or its address is refused by a router (`refusal`). */
  | { readonly kind: 'host-down'; readonly host: string; readonly answer?: Machine['answer'] }
  | { readonly kind: 'host-up'; readonly host: string }
  /** The engine stops and its containers go on. */
  | { readonly kind: 'engine-stop'; readonly host: string }
  | { readonly kind: 'engine-start'; readonly host: string }
  /** The engine is killed and comes back without live-restore: its containers stop, `always` ones come back. */
  | { readonly kind: 'engine-crash'; readonly host: string }
  | { readonly kind: 'container-kill'; readonly node: string; readonly oom?: true }
  /** Stopped through the engine by somebody else: its restart policy rests. */
  | { readonly kind: 'container-stop'; readonly node: string }
  | { readonly kind: 'container-remove'; readonly node: string }
  /** Started anew; in a Docker network without fixed addresses that means: under another address. */
  | { readonly kind: 'container-restart'; readonly node: string }
  /** Container and volume are gone. */
  | { readonly kind: 'volume-lose'; readonly node: string }
  /** Everything but the configuration files is gone from the volume, and the server starts anew at its address. */
  | { readonly kind: 'data-wipe'; readonly node: string }
  /** Between two hosts, or a host and RedisForge. */
  | { readonly kind: 'partition'; readonly between: string; readonly and: string }
  | { readonly kind: 'heal'; readonly between: string; readonly and: string }
  | { readonly kind: 'config-set'; readonly node: string; readonly directive: string; readonly value: string }
  | { readonly kind: 'acl-set'; readonly node: string; readonly user: string; readonly rules: string }
  | { readonly kind: 'acl-delete'; readonly node: string; readonly user: string }
  | { readonly kind: 'cluster-reset'; readonly node: string; readonly mode: 'soft' | 'hard' }
  | { readonly kind: 'failover'; readonly node: string }
  /** A replica is made to follow another primary by hand. */
  | { readonly kind: 'replicate'; readonly node: string; readonly primary: string }
  /** A server that nobody here knows is met by one of the members. */
  | { readonly kind: 'foreign-member'; readonly node: string }
  | { readonly kind: 'foreign-keys'; readonly node: string; readonly keys: number }
  | { readonly kind: 'port-taken'; readonly host: string; readonly port: number }
  /** Befalls a call of RedisForge, after `skip` calls that go well. */
  | { readonly kind: 'call'; readonly mishap: CallMishap; readonly call?: string; readonly skip: number };

export interface PlannedFault {
  /** Milliseconds after the plan begins. */
  readonly inMs: number;
  readonly fault: Fault;
}

/**
 * A random plan of faults that all end: hosts come back, engines start, partitions heal within the horizon.
 */
export function planFaults(
  chance: Random,
  hosts: readonly string[],
  nodes: readonly string[],
  count: number,
  horizonMs: number,
): PlannedFault[] {
  const plan: PlannedFault[] = [];
  for (let index = 0; index < count; index += 1) {
    const inMs = chance.int(0, Math.floor(horizonMs * 0.6));
    const endMs = inMs + chance.int(500, Math.floor(horizonMs * 0.4));
    plan.push(...drawFault(chance, hosts, nodes, inMs, endMs));
  }
  return plan.sort((a, b) => a.inMs - b.inMs);
}

function drawFault(
  chance: Random,
  hosts: readonly string[],
  nodes: readonly string[],
  inMs: number,
  endMs: number,
): PlannedFault[] {
  const host = chance.pick(hosts);
  const node = chance.pick(nodes);
  const at = (fault: Fault): PlannedFault => ({ inMs, fault });
  const ends = (fault: Fault): PlannedFault => ({ inMs: endMs, fault });
  switch (chance.int(0, 17)) {
    case 0:
      return [
        at({ kind: 'host-down', host, answer: chance.pick(['silence', 'refusal']) }),
        ends({ kind: 'host-up', host }),
      ];
    case 1:
      return [at({ kind: 'engine-stop', host }), ends({ kind: 'engine-start', host })];
    case 2:
      return [at({ kind: 'engine-crash', host })];
    case 3: {
      const and = chance.pick([REDISFORGE, ...hosts]);
      return [at({ kind: 'partition', between: host, and }), ends({ kind: 'heal', between: host, and })];
    }
    case 4:
      return [at({ kind: 'container-kill', node })];
    case 5:
      return [at({ kind: 'container-stop', node })];
    case 6:
      return [at({ kind: 'container-remove', node })];
    case 7:
      return [at({ kind: 'container-restart', node })];
    case 8:
      return [at({ kind: 'volume-lose', node })];
    case 9:
      return [at({ kind: 'data-wipe', node })];
    case 10:
      return [at({ kind: 'config-set', node, directive: 'maxmemory-clients', value: '10%' })];
    case 11:
      return [at({ kind: 'acl-set', node, user: 'intruder', rules: 'on nopass ~* +@all' })];
    case 12:
      return [at({ kind: 'cluster-reset', node, mode: chance.pick(['soft', 'hard']) })];
    case 13:
      return [at({ kind: 'failover', node })];
    case 14:
      return [at({ kind: 'replicate', node, primary: chance.pick(nodes) })];
    default:
      return [at({ kind: 'call', mishap: chance.pick(CALL_MISHAPS), skip: chance.int(0, 12) })];
  }
}
