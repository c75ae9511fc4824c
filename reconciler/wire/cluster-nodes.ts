/** CLUSTER NODES: how the answering node sees every member of its cluster. */
import type { NodeId } from '../model/cluster-state.ts';
import type { MemberView } from '../model/readings.ts';
import { SLOT_COUNT, type SlotRange, type SlotSet, slotSet } from '../model/slots.ts';
import { WireError, type WireErrorCode } from './wire-error.ts';

/**
 * One member.
 *
 * While a MEET is under way one address may stand on two lines: with flag `handshake` under a name that the asked
 * node made up, and under the member's real name once gossip has told it.
 */
export interface ClusterNodeLine {
  readonly id: NodeId;
  /** IPv4 or IPv6 without brackets; '' of a node itself while it has met nobody. */
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  /** '' when it announces none. */
  readonly hostname: string;
  /** Fields after the host name, which only nodes.conf has: `shard-id`, `nodename`, `tls-port`. */
  readonly aux: Readonly<Record<string, string>>;
  readonly flags: {
    readonly myself: boolean;
    /** `unknown` until the handshake is done. */
    readonly role: 'primary' | 'replica' | 'unknown';
    /** `suspected` (fail?): by the answering node; `failed`: by a majority of primaries. */
    readonly failing: 'no' | 'suspected' | 'failed';
    readonly handshake: boolean;
    /** Its address is not known any more. */
    readonly noAddress: boolean;
    /** It will not try to be elected. */
    readonly noFailover: boolean;
  };
  /** Whom a replica follows; null for others. */
  readonly primaryId: NodeId | null;
  /** A replica's line carries its primary's epoch. */
  readonly configEpoch: number;
  /** The link of the cluster bus from the answering node to it. Not the replication link. */
  readonly linkConnected: boolean;
  readonly slots: SlotSet;
  /** Open slots, which a node tells of itself only. */
  readonly migrating: readonly { readonly slot: number; readonly to: NodeId }[];
  readonly importing: readonly { readonly slot: number; readonly from: NodeId }[];
}

/**
 * Reads the reply of CLUSTER NODES (or one that is made like it: CLUSTER REPLICAS joined by line breaks).
 * @throws WireError `cluster-nodes`
 */
export function parseClusterNodes(text: string): ClusterNodeLine[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => parseNodeLine(line, 'cluster-nodes'));
}

/** The same in the model's flat form. */
export function toMemberView(line: ClusterNodeLine): MemberView {
  const { aux: _aux, flags, ...rest } = line;
  const { noFailover: _noFailover, ...seen } = flags;
  return { ...rest, ...seen };
}

/**
 * One line: `id ip:port@busPort[,hostname[,field=value]…] flags primary ping pong epoch link [slots…]`.
 * @param code of the WireError that is thrown when it is not one.
 */
export function parseNodeLine(line: string, code: WireErrorCode): ClusterNodeLine {
  const fail = (problem: string): never => {
    throw new WireError(code, problem, line);
  };
  const [
    id = '',
    address = '',
    flags = '',
    primary = '',
    ping = '',
    pong = '',
    epoch = '',
    link = '',
    ...slots
  ] = line.split(' ');
  if (!isNodeId(id)) fail('no node id');
  if (primary !== '-' && !isNodeId(primary)) fail('no id of a primary');
  if (!/^-?\d+$/.test(ping) || !/^-?\d+$/.test(pong)) fail('no times of ping and pong');
  if (!/^\d{1,16}$/.test(epoch) || !Number.isSafeInteger(Number(epoch))) fail('no configuration epoch');
  if (link !== 'connected' && link !== 'disconnected') fail('no state of the link');
  return {
    id,
    ...parseAddress(address, fail),
    flags: parseFlags(flags, fail),
    primaryId: primary === '-' ? null : primary,
    configEpoch: Number(epoch),
    linkConnected: link === 'connected',
    ...parseSlotFields(slots, fail),
  };
}

type Fail = (problem: string) => never;

function isNodeId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

function parseAddress(
  text: string,
  fail: Fail,
): Pick<ClusterNodeLine, 'ip' | 'port' | 'busPort' | 'hostname' | 'aux'> {
  const [endpoint = '', hostname = '', ...fields] = text.split(',');
  // The last colon parts the port: IPv6 addresses are printed without brackets.
  const match = /^([^@\s]*):(\d{1,5})@(\d{1,5})$/.exec(endpoint);
  if (match === null) return fail('no address');
  const [port, busPort] = [Number(match[2]), Number(match[3])];
  if (port > 65535 || busPort > 65535) fail('no port');
  const aux = fields.map((field) => {
    const at = field.indexOf('=');
    return at < 1
      ? fail('no field=value after the host name')
      : ([field.slice(0, at), field.slice(at + 1)] as const);
  });
  return { ip: match[1] ?? '', port, busPort, hostname, aux: Object.fromEntries(aux) };
}

const FLAGS = ['myself', 'master', 'slave', 'fail?', 'fail', 'handshake', 'noaddr', 'nofailover', 'noflags'];

function parseFlags(text: string, fail: Fail): ClusterNodeLine['flags'] {
  const flags = new Set(text.split(','));
  for (const flag of flags) if (!FLAGS.includes(flag)) fail('a flag that we do not know');
  return {
    myself: flags.has('myself'),
    role: flags.has('master') ? 'primary' : flags.has('slave') ? 'replica' : 'unknown',
    failing: flags.has('fail') ? 'failed' : flags.has('fail?') ? 'suspected' : 'no',
    handshake: flags.has('handshake'),
    noAddress: flags.has('noaddr'),
    noFailover: flags.has('nofailover'),
  };
}

function parseSlotFields(
  fields: readonly string[],
  fail: Fail,
): Pick<ClusterNodeLine, 'slots' | 'migrating' | 'importing'> {
  const ranges: SlotRange[] = [];
  const migrating: { slot: number; to: NodeId }[] = [];
  const importing: { slot: number; from: NodeId }[] = [];
  for (const field of fields) {
    const open = /^\[(\d{1,5})-([<>])-([0-9a-f]{40})\]$/.exec(field);
    const owned = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(field);
    const first = Number(open?.[1] ?? owned?.[1] ?? Number.NaN);
    const last = Number(owned?.[2] ?? first);
    if (!(first <= last && last < SLOT_COUNT)) fail('no slots');
    const other = open?.[3] ?? '';
    if (open === null) ranges.push([first, last]);
    else if (open[2] === '>') migrating.push({ slot: first, to: other });
    else importing.push({ slot: first, from: other });
  }
  return { slots: slotSet(ranges), migrating, importing };
}
