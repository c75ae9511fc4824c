/** The shards of a live cluster: who follows whom, what each is called, and what share of the slots it has. */
import { parseIp } from '../../../spec-schema/rules/ip.ts';
import type { MemberView } from '../../model/readings.ts';
import { SLOT_COUNT, slotCount } from '../../model/slots.ts';
import { imbalancePercent } from '../balance.ts';
import type { SurveyedMember } from './survey.ts';

/** A primary and its replicas, in this order. */
export type Group = readonly SurveyedMember[];

export interface FoundShard {
  readonly name: string;
  readonly members: Group;
  /** Undefined while all have a like share of the slots, which needs no saying. */
  readonly weight: number | undefined;
}

/** Shares that differ by no more than this are left alone by RedisForge anyway. */
const EVEN_PERCENT = 2;

export function foundShards(members: readonly SurveyedMember[]): FoundShard[] {
  const groups = groupsOf(members);
  const given = groups.map(nameInContainers);
  const isNamed = given.every((name) => name !== undefined) && new Set(given).size === groups.length;
  const weights = weightsOf(groups);
  const shards = groups.map((group, index) => ({
    name: (isNamed ? given[index] : undefined) ?? `s${index + 1}`,
    members: group,
    weight: weights[index],
  }));
  return isNamed ? shards.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })) : shards;
}

/** In the order of their slots, those without any last. */
function groupsOf(members: readonly SurveyedMember[]): Group[] {
  const primaries = members.filter(({ view }) => view.role === 'primary' && !isDeadWeight(view));
  const firstSlot = ({ view }: SurveyedMember): number => view.slots[0]?.[0] ?? SLOT_COUNT;
  const inOrder = primaries.toSorted((a, b) => firstSlot(a) - firstSlot(b) || byAddress(a, b));
  return inOrder.map((primary) => [
    primary,
    ...members.filter(({ view }) => view.role === 'replica' && view.primaryId === primary.id).sort(byAddress),
  ]);
}

/** Undefined when our containers do not tell, or do not agree. */
function nameInContainers(group: Group): string | undefined {
  const names = new Set(group.map(({ container }) => container?.shard));
  return names.size === 1 ? [...names][0] : undefined;
}

/**
 * What each has of a fair share. One without slots gets none: there is no weight for nothing.
 * @returns nothing when all have about the same.
 */
function weightsOf(groups: readonly Group[]): (number | undefined)[] {
  const slots = groups.map(([primary]) => primary?.view.slots ?? []);
  const shares = slots.map((owned, index) => ({
    shard: `${index}`,
    node: `${index}`,
    weight: 1,
    slots: owned,
  }));
  if (imbalancePercent(shares) <= EVEN_PERCENT) return [];
  const fair = SLOT_COUNT / groups.length;
  return slots.map((owned) => {
    const share = slotCount(owned) / fair;
    return share === 0 ? undefined : Number(share.toPrecision(4));
  });
}

/** Long gone, and nothing depends on it. */
export function isDeadWeight({ failing, noAddress, slots }: MemberView): boolean {
  return noAddress || (failing === 'failed' && slots.length === 0);
}

export function byAddress(a: SurveyedMember, b: SurveyedMember): number {
  return compareIps(a.address.ip, b.address.ip) || a.address.port - b.address.port;
}

function compareIps(a: string, b: string): number {
  const [x, y] = [parseIp(a)?.value ?? 0n, parseIp(b)?.value ?? 0n];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
}
