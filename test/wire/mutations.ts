/** Damaged copies of real answers: what arrives when a reply is cut, mixed up or from a server that we do not know. */
import fc from 'fast-check';

/** One to three edits of a text: a piece is cut out, doubled, or replaced. */
export function damaged(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(text.length),
    length: fc.integer({ min: 0, max: 60 }),
    put: fc.oneof(
      fc.constantFrom('', ' ', '\n', ':', ',', '-', '=', '99999', '4294967296', '[', '\0', 'é', '__proto__'),
      fc.string({ maxLength: 8 }),
    ),
  });
  return fc
    .array(edit, { minLength: 1, maxLength: 3 })
    .map((edits) =>
      edits.reduce((copy, { at, length, put }) => copy.slice(0, at) + put + copy.slice(at + length), text),
    );
}
