/** Questions to every node of a list, by what it is in a document and by what it should be. */
import { type Answers, Finder, isSameList, Recount, rollOf } from '../model/census.ts';
import type { NodeName, NodeState } from '../model/cluster-state.ts';
import { Latest } from './latest.ts';

type Nodes<State> = Readonly<Record<NodeName, State>>;

interface Pairs<Want> {
  readonly names: readonly NodeName[];
  readonly is: readonly (NodeState | undefined)[];
  readonly want: readonly (Want | undefined)[];
}

/** The two sides beside each other, for many questions. */
class Pairing<Want> {
  readonly #latest = new Latest<Pairs<Want>>();
  #listed: readonly NodeName[] = [];
  #names: readonly NodeName[] = [];
  #is = new Finder<NodeState>([]);
  #want = new Finder<Want>([]);

  of(is: Nodes<NodeState>, want: Nodes<Want>): Pairs<Want> {
    return this.#latest.of([is, want], () => {
      const listed = rollOf(want).names;
      if (!isSameList(listed, this.#listed)) {
        this.#listed = listed;
        this.#names = [...listed].sort();
        this.#is = new Finder(this.#names);
        this.#want = new Finder(this.#names);
      }
      return { names: this.#names, is: this.#is.of(is), want: this.#want.of(want) };
    });
  }
}

type Questioner<Want> = <Answer>(
  question: (is: NodeState, want: Want) => Answer | undefined,
) => (is: Nodes<NodeState>, want: Nodes<Want>) => Answers<Answer>;

/**
 * A way to ask questions of pairs, which look at nothing but that one pair; undefined is nothing to say, and nothing is
 * said of a node that is not there. The answers come in alphabetical order, as the very same list as long as nothing
 * else is to be said.
 */
export function ofEachPair<Want>(): Questioner<Want> {
  const pairing = new Pairing<Want>();
  return <Answer>(question: (is: NodeState, want: Want) => Answer | undefined) => {
    const recount = new Recount<Answer>();
    return (is, want) => {
      const pairs = pairing.of(is, want);
      return recount.of(pairs.names, [pairs.is, pairs.want], (row) => {
        const [left, right] = [pairs.is[row], pairs.want[row]];
        return left === undefined || right === undefined ? undefined : question(left, right);
      });
    };
  };
}
