/** How text is emphasised: the terminal gives colours, everything else gives the text as it is. */

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const asItIs = (text: string): string => text;

/** No emphasis at all: for files, pipes and comparisons. */
export const PLAIN: Style = {
  bold: asItIs,
  dim: asItIs,
  red: asItIs,
  green: asItIs,
  yellow: asItIs,
  cyan: asItIs,
};

/** The emphasis that belongs to a judgement. */
export type Tone = 'good' | 'changing' | 'bad';

export function toned(style: Style, tone: Tone, text: string): string {
  if (tone === 'good') return style.green(text);
  return tone === 'changing' ? style.yellow(text) : style.red(text);
}
