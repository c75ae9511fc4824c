/** Errors of YAML in our words: what is wrong, and what to write instead. */
import type { YAMLError } from 'yaml';
import type { YamlWords } from './yaml-report.ts';

/** The library's finding in our words. Its own text is used only where it cannot contain any of the source. */
export function syntaxWords(error: YAMLError): YamlWords {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return {
        code: 'tab-indentation',
        summary: 'a tab is used for indentation',
        hint: 'replace tabs by spaces',
      };
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return tagWords();
    case 'BAD_SCALAR_START':
      return {
        code: 'yaml-syntax',
        summary: 'a value may not begin with this character',
        hint: 'put the value in single quotes',
      };
    case 'BAD_DQ_ESCAPE':
      return {
        code: 'yaml-syntax',
        summary: 'a backslash in double quotes begins an escape, and this one is unknown',
        hint: 'use single quotes, in which a backslash is a backslash',
      };
    case 'BAD_DIRECTIVE':
      return {
        code: 'yaml-syntax',
        summary: 'a line that begins with `%` is a directive, and this one is unknown',
        hint: 'remove the line',
      };
    case 'MISSING_CHAR':
      return {
        code: 'yaml-syntax',
        summary: `not valid YAML: ${lowerFirst(error.message)}`,
        hint: 'close quotes and brackets, and put a blank after each colon and comma',
      };
    case 'BAD_INDENT':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        code: 'yaml-syntax',
        summary: `not valid YAML: ${lowerFirst(error.message)}`,
        hint: 'align the line with its neighbours; a value that contains `: ` needs quotes',
      };
    case 'RESOURCE_EXHAUSTION':
      return { code: 'too-deep', summary: 'values are nested too deep', hint: 'close the brackets' };
    default:
      return {
        code: 'yaml-syntax',
        summary: 'not valid YAML: this cannot stand here',
        hint: 'put the value in quotes, or align the line with its neighbours',
      };
  }
}

/** Tags (`!…`) of any kind. */
export function tagWords(): YamlWords {
  return {
    code: 'unknown-tag',
    summary: 'specs use no tags (`!…`)',
    hint: 'remove the tag, or quote a value that begins with `!`',
  };
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
