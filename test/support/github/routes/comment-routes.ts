/** Comments under issues and pull requests, and reactions to them. */
import {
  type Asked,
  GithubRefusal,
  type Handler,
  issueOf,
  mayWrite,
  notFound,
  page,
  repositoryOf,
  sceneOf,
  sorted,
} from '../exchange.ts';
import { commentObject, reactionObject } from '../issue-objects.ts';
import type { Comment } from '../world.ts';

/** Which unit GitHub counts in is not documented; this is the strictest. */
const LONGEST = 65_536;

function acceptable(body: unknown): string {
  const text = String(body);
  if (text.length <= LONGEST) return text;
  const message = `Body is too long (maximum is ${LONGEST} characters)`;
  throw new GithubRefusal(422, 'Validation Failed', {
    errors: [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message }],
  });
}

function commentOf(asked: Asked): Comment {
  const comment = repositoryOf(asked).comments.get(Number(asked.operation.path['comment_id']));
  if (comment === undefined) throw notFound();
  return comment;
}

/** Only the author, and who may write. */
function ownOrWritable(asked: Asked): Comment {
  const comment = commentOf(asked);
  const own = comment.author?.login === asked.principal.person.login;
  if (!own && !mayWrite(asked, repositoryOf(asked))) throw new GithubRefusal(403, 'Must have admin rights.');
  return comment;
}

function since(asked: Asked): (comment: Comment) => boolean {
  const from = asked.query.get('since');
  if (from === null) return () => true;
  return (comment) => Math.floor(comment.updatedAt / 1000) * 1000 >= Date.parse(from);
}

export const COMMENT_ROUTES: Readonly<Record<string, Handler>> = {
  'issues/list-comments-for-repo'(asked) {
    const scene = sceneOf(asked);
    const sort = asked.query.get('sort');
    // GitHub ignores the direction without a sort.
    const direction = sort === null ? 'asc' : (asked.query.get('direction') ?? 'desc');
    const comments = [...scene.repository.comments.values()].filter(since(asked));
    return page(asked, sorted(comments, sort ?? 'created', direction), (each) => commentObject(scene, each));
  },

  'issues/list-comments'(asked) {
    const known = { ...asked, notYet: false };
    const scene = sceneOf(known);
    const { number } = issueOf(known);
    const comments = [...scene.repository.comments.values()]
      .filter((each) => each.issue === number)
      .filter(since(asked));
    return page(asked, asked.notYet ? [] : comments, (each) => commentObject(scene, each));
  },

  'issues/get-comment'(asked) {
    return { status: 200, body: commentObject(sceneOf(asked), commentOf(asked)) };
  },

  'issues/create-comment'(asked) {
    const scene = sceneOf(asked);
    const issue = issueOf(asked);
    if (issue.locked && (asked.principal.kind === 'installation' || !mayWrite(asked, scene.repository))) {
      throw new GithubRefusal(403, 'Unable to create comment because issue is locked.');
    }
    const now = asked.world.now();
    const comment: Comment = {
      id: asked.world.nextId(),
      issue: issue.number,
      author: asked.principal.person,
      body: acceptable(asked.body['body']),
      createdAt: now,
      updatedAt: now,
      reactions: [],
    };
    scene.repository.comments.set(comment.id, comment);
    issue.updatedAt = now;
    return { status: 201, body: commentObject(scene, comment) };
  },

  'issues/update-comment'(asked) {
    const scene = sceneOf(asked);
    const comment = ownOrWritable(asked);
    comment.body = acceptable(asked.body['body']);
    comment.updatedAt = asked.world.now();
    return { status: 200, body: commentObject(scene, comment) };
  },

  'issues/delete-comment'(asked) {
    const comment = ownOrWritable(asked);
    repositoryOf(asked).comments.delete(comment.id);
    return { status: 204 };
  },

  'reactions/list-for-issue-comment'(asked) {
    const scene = sceneOf(asked);
    return page(asked, commentOf(asked).reactions, (each) => reactionObject(scene, each));
  },

  'reactions/create-for-issue-comment'(asked) {
    const scene = sceneOf(asked);
    const { reactions } = commentOf(asked);
    const content = String(asked.body['content']);
    const { person } = asked.principal;
    const existing = reactions.find((each) => each.person === person && each.content === content);
    if (existing !== undefined) return { status: 200, body: reactionObject(scene, existing) };
    const reaction = { id: asked.world.nextId(), person, content, at: asked.world.now() };
    reactions.push(reaction);
    return { status: 201, body: reactionObject(scene, reaction) };
  },
};
