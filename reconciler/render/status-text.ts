/** The status of a cluster for a terminal. */
import { SLOT_COUNT } from '../model/slots.ts';
import { blockLines } from './block-text.ts';
import { columns } from './columns.ts';
import { differenceLines } from './difference-text.ts';
import { bytes, counted, slotsInWords } from './quantities.ts';
import type { NodeView, StatusView } from './status-view.ts';
import { type Style, toned } from './style.ts';
import { visibleLine } from './visible.ts';

export function statusText(view: StatusView, style: Style): string {
  const lines = [
    `${style.bold(view.cluster)}: ${toned(style, view.tone, view.verdict)}`,
    `  ${summary(view, style)}`,
    '',
    ...nodeTable(view, style),
    '',
    ...hostTable(view, style),
  ];
  const section = (title: string, content: readonly string[]): void => {
    if (content.length > 0) lines.push('', style.bold(title), ...content);
  };
  section('What differs', differenceLines(view.differences, style));
  section('Remarks', remarkLines(view, style));
  section(
    'Members that are none of the nodes of the spec',
    view.ghosts.map(
      ({ id, address, state, slots, formerly }) =>
        `  ${id.slice(0, 8)} ${visibleLine(address)} ${state}, ${slotsInWords(slots)}${formerly === '' ? '' : `, formerly ${formerly}`}`,
    ),
  );
  section(
    'Containers of this cluster that the spec does not name',
    view.strays.map((name) => `  ${visibleLine(name)}`),
  );
  section(
    'What stands in the way',
    view.blocks.flatMap((block) => blockLines(block, style)),
  );
  section(
    'Warnings',
    view.warnings.flatMap((warning) => blockLines(warning, style)),
  );
  return lines.join('\n');
}

function summary({ serving, agreement, coveredSlots, shards }: StatusView, style: Style): string {
  const yes = (text: string, state: string): string =>
    state === 'yes'
      ? style.green(text)
      : state === 'no'
        ? style.red(`${text}: no`)
        : style.yellow(`${text}: unknown`);
  const nodes = shards.flatMap((shard) => shard.nodes);
  const up = nodes.filter(({ state }) => state === 'up').length;
  return [
    yes('serving', serving),
    yes('members agree', agreement),
    `${coveredSlots} of ${SLOT_COUNT} slots have an owner`,
    counted(shards.length, 'shard'),
    `${up} of ${counted(nodes.length, 'node')} up`,
  ].join(style.dim(' · '));
}

function nodeTable({ shards }: StatusView, style: Style): string[] {
  const rows = shards.flatMap(({ name, nodes }) =>
    nodes.map((node, index) => [index === 0 ? style.bold(name) : '', ...nodeCells(node, style)]),
  );
  const heads = ['SHARD', 'NODE', 'ROLE', 'ZONE', 'HOST', 'STATE', 'SLOTS', 'LINK'].map((title) => ({
    title,
  }));
  const numbers = ['LAG', 'MEMORY', 'KEYS'].map((title) => ({ title, align: 'right' as const }));
  return columns([...heads, ...numbers, { title: 'VERSION' }], rows, style.dim);
}

function nodeCells(node: NodeView, style: Style): string[] {
  const { usedMemoryBytes: used, maxmemoryBytes: most } = node;
  const memory =
    used === undefined ? '' : `${bytes(used)}${most === undefined || most === 0 ? '' : ` of ${bytes(most)}`}`;
  return [
    node.name,
    node.role === 'none' ? '' : node.role,
    node.zone,
    node.host,
    stateCell(node, style),
    node.slots === '' ? '' : slotsInWords(node.slots),
    linkCell(node, style),
    node.lagBytes === undefined ? '' : bytes(node.lagBytes),
    memory,
    node.keys === undefined ? '' : node.keys.toLocaleString('en-US'),
    visibleLine(node.version ?? ''),
  ];
}

function stateCell({ state }: NodeView, style: Style): string {
  if (state === 'up') return style.green(state);
  return state === 'loading' ? style.yellow(state) : style.red(state);
}

function linkCell({ role, link, state }: NodeView, style: Style): string {
  if (role !== 'replica' || state !== 'up') return '';
  if (link === 'up') return style.green(link);
  return link === 'syncing' ? style.yellow(link) : style.red(link);
}

function hostTable({ hosts }: StatusView, style: Style): string[] {
  const rows = hosts.map(({ name, zone, engine, engineVersion, failure, nodes }) => [
    style.bold(name),
    zone,
    engine === 'up'
      ? style.green(`Docker Engine ${visibleLine(engineVersion ?? '')}`.trim())
      : style.red('down'),
    String(nodes),
    visibleLine(failure ?? ''),
  ]);
  const heads = [
    { title: 'HOST' },
    { title: 'ZONE' },
    { title: 'ENGINE' },
    { title: 'NODES' },
    { title: '' },
  ];
  return columns(heads, rows, style.dim);
}

function remarkLines({ shards }: StatusView, style: Style): string[] {
  return shards.flatMap(({ nodes }) =>
    nodes.flatMap(({ name, remarks }) =>
      remarks.map((remark) => `  ${style.bold(name)}: ${visibleLine(remark)}`),
    ),
  );
}
