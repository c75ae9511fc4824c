/** Working things out once per document: documents are never changed in place, so that it comes out the same again. */

/** The same function, which remembers what came out for an object as long as that object is there. */
export function oncePer<Subject extends object, Result extends {}>(
  work: (subject: Subject) => Result,
): (subject: Subject) => Result {
  const known = new WeakMap<Subject, Result>();
  return (subject) => {
    const before = known.get(subject);
    if (before !== undefined) return before;
    const result = work(subject);
    known.set(subject, result);
    return result;
  };
}
