/** Finds out about a cluster that runs already, and writes the spec that describes it. Changes nothing anywhere. */
import pLimit from 'p-limit';
import type { HostSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import type { NodeId } from '../model/cluster-state.ts';
import type { Endpoint, MemberAddress, ReadingFailure } from '../model/facts.ts';
import type { EngineReading, MemberView, NodeReading } from '../model/readings.ts';
import { type AdoptedSpec, adoptedSpec } from '../planner/adoption/adoption.ts';
import { ADOPTED_DIRECTIVES } from '../planner/adoption/config.ts';
import type { Survey, SurveyedContainer, SurveyedMember } from '../planner/adoption/survey.ts';
import { type Engines, PortError, type Redis, type RedisCredentials } from '../ports.ts';
import { adoptedSpecText } from '../render/adopted-spec.ts';
import {
  ADDRESS_LABEL,
  addressLabel,
  CLUSTER_LABEL,
  HOST_LABEL,
  NODE_LABEL,
  SHARD_LABEL,
} from './interpret/labels.ts';
import { parseSpec } from './parse-spec.ts';

export interface AdoptRequest {
  readonly seed: Endpoint;
  readonly credentials: RedisCredentials;
  /** Its name; with an engine, that of the containers on it. */
  readonly cluster: string | undefined;
  /** An engine whose containers are looked at too, as a spec would name it. */
  readonly docker: string | undefined;
}

export interface Adoption {
  readonly text: string;
  /** What is wrong with it, besides what a person has to decide anyway. */
  readonly problems: readonly Problem[];
  readonly members: number;
  /** Members that could not be asked, and why. */
  readonly unread: readonly { readonly address: string; readonly reason: string }[];
}

/** Many at once, but not a thousand connections in the same moment. */
const AT_ONCE = 32;
const ENGINE_MS = 10_000;

/** @throws PortError when the node that is asked first, or the engine, does not answer. */
export async function adopt(
  request: AdoptRequest,
  ports: { readonly redis: Redis; readonly engines: Engines },
): Promise<Adoption> {
  const survey = await surveyOf(request, ports);
  const spec = adoptedSpec(survey);
  const { text, problems } = written(spec, survey);
  return {
    text,
    problems,
    members: survey.members.length,
    unread: survey.members.flatMap(({ address, reading, failure }) =>
      reading === undefined || reading.loading
        ? [{ address: `${address.ip}:${address.port}`, reason: failure?.message ?? 'it reads its data' }]
        : [],
    ),
  };
}

/** Roles are what nodes have now. Where that is against the rules they are left out: they are preferences only. */
function written(spec: AdoptedSpec, { seed }: Survey): { text: string; problems: readonly Problem[] } {
  const attempts = [spec, { ...spec, prefersRoles: false }].map((attempt) => {
    const text = adoptedSpecText(attempt);
    return { text, problems: parseSpec(text, seed).problems.filter(({ severity }) => severity === 'error') };
  });
  const [first, second] = attempts as [(typeof attempts)[number], (typeof attempts)[number]];
  return second.problems.length < first.problems.length ? second : first;
}

interface Asked {
  readonly reading: NodeReading | undefined;
  readonly failure: ReadingFailure | undefined;
}

async function surveyOf(
  { seed, credentials, cluster, docker }: AdoptRequest,
  { redis, engines }: { readonly redis: Redis; readonly engines: Engines },
): Promise<Survey> {
  const where = `${seed.ip}:${seed.port}`;
  const first = await redis.at([seed], credentials).read(ADOPTED_DIRECTIVES);
  if (first.loading)
    throw new PortError('refused', `${where}: it reads its data: ask again later`, { retry: 'later' });
  const known = first.members.filter(({ handshake }) => !handshake);
  if (known.length < 2)
    throw new PortError('refused', `${where}: it is no member of a cluster: it knows nobody`);
  const engine = docker === undefined ? undefined : await engineReading(engines, docker, cluster ?? '');
  const limit = pLimit(AT_ONCE);
  const members = await Promise.all(
    known.map((view) =>
      limit(async (): Promise<SurveyedMember> => {
        const ip = view.ip === '' && view.myself ? seed.ip : view.ip;
        const address = { ip, port: view.port, busPort: view.busPort };
        const asked = view.myself
          ? { reading: first, failure: undefined }
          : await askMember(view, seed, credentials, redis);
        const own = asked.reading?.members.find(({ myself }) => myself);
        return {
          id: view.id,
          address,
          view: { ...(own ?? view), failing: view.failing, noAddress: view.noAddress },
          ...asked,
          container: containerAt(address, engine),
        };
      }),
    ),
  );
  const network = engine?.networks.find(({ labels }) => labels[CLUSTER_LABEL] === cluster);
  return {
    seed: where,
    cluster,
    members,
    engine: docker === undefined ? undefined : { docker, network },
  };
}

/**
 * A member may be out of reach where the others find it, and in reach under the address that a person gave: nodes in a
 * Docker network whose ports are published. Who answers there must be the one that is meant.
 */
async function askMember(
  { id, ip, port }: MemberView,
  seed: Endpoint,
  credentials: RedisCredentials,
  redis: Redis,
): Promise<Asked> {
  if (ip === '')
    return { reading: undefined, failure: { code: 'not-found', message: 'no address is known' } };
  const direct = await ask(id, { ip, port }, credentials, redis);
  const isAway = direct.failure?.code === 'unreachable' || direct.failure?.code === 'timeout';
  if (!isAway || ip === seed.ip || port === seed.port) return direct;
  const other = await ask(id, { ip: seed.ip, port }, credentials, redis);
  return other.reading === undefined ? direct : other;
}

async function ask(
  id: NodeId,
  endpoint: Endpoint,
  credentials: RedisCredentials,
  redis: Redis,
): Promise<Asked> {
  try {
    const reading = await redis.at([endpoint], credentials).read(ADOPTED_DIRECTIVES);
    if (reading.loading || reading.nodeId === id) return { reading, failure: undefined };
    const message = `another node answers there: ${reading.nodeId}`;
    return { reading: undefined, failure: { code: 'identity', message } };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { reading: undefined, failure: { code: error.code, message: error.message } };
  }
}

async function engineReading(engines: Engines, docker: string, cluster: string): Promise<EngineReading> {
  const host: HostSpec = { name: 'adopted', zone: 'adopted', docker };
  const question = { cluster, containers: [], volumes: [], networks: [], images: [] };
  return engines.of(host).read(question, AbortSignal.timeout(ENGINE_MS));
}

/** Our container at that address: the one that has it, or was made for it. */
function containerAt(
  address: MemberAddress,
  engine: EngineReading | undefined,
): SurveyedContainer | undefined {
  const label = addressLabel(address.ip, address.port, address.busPort);
  const reading = engine?.containers.find(
    ({ ip, labels }) => (ip !== '' && ip === address.ip) || labels[ADDRESS_LABEL] === label,
  );
  const node = reading?.labels[NODE_LABEL];
  if (reading === undefined || node === undefined) return undefined;
  return { node, host: reading.labels[HOST_LABEL], shard: reading.labels[SHARD_LABEL], reading };
}
