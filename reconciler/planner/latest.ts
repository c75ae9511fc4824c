/** The last result of what is worked out in every wave, mostly from the very same as in the one before. */

export class Latest<Result> {
  #from: readonly unknown[] | undefined;
  #result: Result | undefined;

  /** The last result; undefined before the first. */
  get value(): Result | undefined {
    return this.#result;
  }

  /**
   * The result of `make`, or the last one when it is made from the same again.
   * @param from everything that `make` looks at; documents are never changed in place, so that the same object is the same.
   */
  of(from: readonly unknown[], make: () => Result): Result {
    const before = this.#from;
    if (before?.length === from.length && from.every((part, index) => part === before[index]))
      return this.#result as Result;
    const result = make();
    this.#from = from;
    this.#result = result;
    return result;
  }
}
