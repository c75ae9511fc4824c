/**
 * Questions to every node of a document, asked again only of nodes that changed: in a plan of hundreds of waves over a
 * thousand nodes, most nodes are in every document what they were in the one before, and so is what there is to say.
 */
import type { ClusterState, NodeName, NodeState } from './cluster-state.ts';
import { oncePer } from './once.ts';

/** Nodes about which there is something to say. The very same list as long as nothing else is to be said. */
export type Answers<Answer> = readonly (readonly [name: NodeName, answer: Answer])[];

/** The nodes of a document side by side, in its order. */
export interface Roll<State> {
  readonly names: readonly NodeName[];
  readonly states: readonly State[];
}

const rolls = oncePer(
  (nodes: object): Roll<unknown> => ({
    names: theSame(Object.keys(nodes)),
    states: Object.values(nodes),
  }),
);

/** Lists of names that were met lately. */
const lately: (readonly NodeName[])[] = [];
const MOST_LISTS = 16;

/** Equal lists as the very same one, so that they need not be compared name by name again and again. */
function theSame(names: readonly NodeName[]): readonly NodeName[] {
  const known = lately.find((list) => isSameList(list, names));
  if (known !== undefined) return known;
  lately.unshift(names);
  lately.splice(MOST_LISTS);
  return names;
}

export function rollOf<State>(nodes: Readonly<Record<NodeName, State>>): Roll<State> {
  return rolls(nodes) as Roll<State>;
}

export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((value, place) => value === b[place]));
}

/** Finds the same nodes in one document after the other; where they are is looked up only when that has other nodes. */
export class Finder<State> {
  readonly #wanted: readonly NodeName[];
  #among: readonly NodeName[] = [];
  #places: readonly (number | undefined)[];

  constructor(names: readonly NodeName[]) {
    this.#wanted = names;
    this.#places = names.map(() => undefined);
  }

  /** In the order of the names; undefined for a node that the document does not have. */
  of(nodes: Readonly<Record<NodeName, State>>): readonly (State | undefined)[] {
    const { names, states } = rollOf(nodes);
    if (!isSameList(names, this.#among)) {
      const places = new Map(names.map((name, place) => [name, place]));
      this.#places = this.#wanted.map((name) => places.get(name));
      this.#among = names;
    }
    return this.#places.map((place) => (place === undefined ? undefined : states[place]));
  }
}

/** A table, column by column. */
export type Columns = readonly (readonly unknown[])[];

/** The rows in which a table has something else than another one of as many rows; all when it has not as many. */
export function changedRows(before: Columns, after: Columns): Iterable<number> {
  const length = after[0]?.length ?? 0;
  if (before.length !== after.length || before[0]?.length !== length) return Array(length).keys();
  const rows = new Set<number>();
  for (const [place, column] of after.entries()) {
    const old = before[place] as readonly unknown[];
    if (old === column) continue;
    for (let row = 0; row < length; row += 1) if (column[row] !== old[row]) rows.add(row);
  }
  return rows;
}

/** The answers to one question about every row of a table, asked again only of rows that changed. */
export class Recount<Answer> {
  #names: readonly NodeName[] = [];
  #columns: Columns = [];
  #answers: (Answer | undefined)[] = [];
  #said: Answers<Answer> = [];

  /**
   * @param names one for each row.
   * @param columns all that the question looks at, but for what never changes.
   */
  of(
    names: readonly NodeName[],
    columns: Columns,
    question: (row: number) => Answer | undefined,
  ): Answers<Answer> {
    const isKnown = isSameList(names, this.#names);
    const answers = isKnown ? this.#answers : [];
    const others = new Map<number, Answer | undefined>();
    for (const row of changedRows(isKnown ? this.#columns : [], columns)) {
      const answer = question(row);
      if (answer !== answers[row]) others.set(row, answer);
    }
    this.#columns = columns;
    if (isKnown && others.size === 0) return this.#said;
    this.#names = names;
    this.#answers = [...answers];
    for (const [row, answer] of others) this.#answers[row] = answer;
    this.#said = names.flatMap((name, row) => {
      const answer = this.#answers[row];
      return answer === undefined ? [] : [[name, answer] as const];
    });
    return this.#said;
  }
}

/**
 * What there is to say about each node of a document, in its order; undefined is nothing.
 * @param question it looks at nothing but that one node: documents are never changed in place, so that the answer holds
 *   as long as the node is the same object.
 */
export function ofEachNode<Answer>(
  question: (node: NodeState) => Answer | undefined,
): (state: Pick<ClusterState, 'nodes'>) => Answers<Answer> {
  const recount = new Recount<Answer>();
  const answersOf = oncePer((nodes: ClusterState['nodes']) => {
    const { names, states } = rollOf(nodes);
    return recount.of(names, [states], (row) => question(states[row] as NodeState));
  });
  return ({ nodes }) => answersOf(nodes);
}
