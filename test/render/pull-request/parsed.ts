/** Markdown as GitHub's dialect reads it: through a real parser, with tables, bare links, footnotes and task lists. */
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

/** A node of the tree, as far as the tests look at it. */
export interface Parsed {
  readonly type: string;
  readonly value?: string;
  readonly url?: string;
  readonly children?: readonly Parsed[];
}

export function parsed(markdown: string): Parsed {
  return fromMarkdown(markdown, {
    extensions: [gfm()],
    mdastExtensions: [gfmFromMarkdown()],
  }) as Parsed;
}

/** The node and all below it, in document order. */
export function nodesOf(node: Parsed): Parsed[] {
  return [node, ...(node.children ?? []).flatMap(nodesOf)];
}

export function ofType(node: Parsed, type: string): Parsed[] {
  return nodesOf(node).filter((one) => one.type === type);
}

/** What a reader sees as text, code left out. */
export function proseOf(node: Parsed): string {
  return ofType(node, 'text')
    .map(({ value = '' }) => value)
    .join('\n');
}
