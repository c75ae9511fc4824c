import { describe, expect, test } from 'vitest';
import { expectProblems, fleet, read, told } from './claims.ts';

describe('form', () => {
  test('an unknown key is an error at the key, with the one that was meant', () => {
    const [problem] = expectProblems(fleet({ 'n2, shard: s1': 'n2, «shrd»: s9, shard: s1' }), 'unknown-key');
    expect(problem).toMatchObject({ subject: 'nodes[1].shrd', summary: '`nodes[1]` has no field `shrd`' });
    expect(problem?.hint).toMatch(/^did you mean `shard`\? its fields are name, shard, host/);
    expectProblems(fleet({ 'kind: RedisCluster': 'kind: RedisCluster\n«sparetime»: 1' }), 'unknown-key');
    const [bridge] = read(
      fleet({ 'nodes:\n': 'network: { mode: bridge, publsh: x }\nnodes:\n' }),
    ).problems.filter(({ code }) => code === 'unknown-key');
    expect(bridge?.hint).toContain('did you mean `publish`?');
  });

  test('a missing field is told where it should be', () => {
    const [problem] = expectProblems(
      fleet({ '{ name: n2, shard: s1, host: b2': '«{ name: n2, host: b2' }),
      'missing-field={ name, host, role }',
    );
    expect(problem).toMatchObject({
      subject: 'nodes[1].shard',
      hint: 'add `shard: …` (shard that it is a member of)',
    });
  });

  test('a value of another type, outside its bounds, of another form, or none', () => {
    expectProblems(fleet({ 'host: b1, role': 'host: b1, port: «high», role' }), 'wrong-type');
    expectProblems(fleet({ 'host: b1, role': 'host: b1, port: «65536», role' }), 'out-of-range');
    expectProblems(fleet({ 'host: b1, role': 'host: b1, port: «6379.5», role' }), 'wrong-type');
    expectProblems(fleet({ '{ name: fleet }': '{ name: «Fleet_1» }' }), 'invalid-form');
    expectProblems(fleet({ 'memory: 8gb': 'memory: «8 gb»' }), 'invalid-form');
    expectProblems(fleet({ 'resources: { memory: 8gb, nofile: 20000 }': '«resources»:' }), 'empty-value');
    expectProblems(fleet({ 'apiVersion: redisforge.dev/v1': 'apiVersion: «v1»' }), 'invalid-value');
    expectProblems(
      fleet({ 'config: { maxmemory: 6gb,': 'config: { maxmemory: 6gb, hz: [«10»],' }).replace(
        '[«10»]',
        '«[10]»',
      ),
      'wrong-type=hz: [hidden]',
    );
  });

  test('one of several words: the one that was meant', () => {
    const [problem] = expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: «primry»' }),
      'invalid-value',
    );
    expect(problem?.hint).toContain('`primary`');
    expectProblems(fleet({ 'nodes:\n': 'network: { mode: «brigde» }\nnodes:\n' }), 'invalid-value');
  });
});

describe('secrets', () => {
  const literal = (changes: Record<string, string>) => {
    const { problems } = read(fleet(changes));
    expect(JSON.stringify(problems)).not.toContain('hunter2');
    expect(problems.length).toBeGreaterThan(0);
    return told(problems);
  };

  test('a literal password is refused without repeating it', () => {
    expect(literal({ 'password: { file: operator }': 'password: hunter2' })).toEqual([
      'literal-secret 10:25 password: [hidden]',
    ]);
    expect(literal({ 'password: { file: app }': 'password: "hunter2"' })[0]).toContain('literal-secret');
    expect(literal({ 'password: { file: app }': 'password: { value: hunter2 }' })[0]).toContain(
      'invalid-secret-reference',
    );
    expect(literal({ 'password: { file: app }': 'password: { file: ../hunter2 }' })[0]).toContain(
      'invalid-secret-reference',
    );
    expect(literal({ 'operator: { password: { file: operator } }': 'operator: hunter2' })[0]).toContain(
      'wrong-type',
    );
    expect(literal({ 'password: { file: app }': 'passwd: hunter2' })[0]).toContain('unknown-key');
    expect(literal({ 'password: { file: app }': 'password: [hunter2]' })[0]).toContain('secret');
    expect(literal({ 'users:\n': 'users:\n  - hunter2\n' })[0]).toContain('wrong-type');
    expect(literal({ 'identity: { file: id_ed25519 }': 'identity: hunter2' })[0]).toContain('literal-secret');
  });

  test('nor when the YAML around it is broken', () => {
    literal({ 'password: { file: operator }': 'password: "hunter2' });
    literal({ 'password: { file: operator }': 'password: *hunter2' });
    literal({ 'password: { file: operator }': 'password: !secret hunter2' });
    literal({ 'password: { file: operator }': 'password: hunter2, password: hunter2' });
    literal({ 'password: { file: operator }': 'password: @hunter2' });
    literal({ 'password: { file: operator } }': 'password: {\n\thunter2\n' });
    literal({ 'appendonly: yes': 'requirepass: [hunter2]' });
    literal({ "rules: '~* +@all -@admin'": "rules: '~* +@all >hunter2" });
    literal({ "rules: '~* +@all -@admin'": 'rules: { a: ">hunter2" }' });
  });
});

describe('all at once', () => {
  test('faults of form, in rules and in YAML are told together, in the order of the file', () => {
    const { spec, problems } = read(
      fleet({
        'image: redis:8.6.3': 'image: redis:8.2.0',
        'appendonly: yes': 'appendonly: yes, maxmemroy: 1gb',
        '{ name: a2, zone': '{ name: a2, name: a3, zone',
        '{ name: b1, zone': '{ name: b1, colour: red, zone',
        'host: b2': 'host: b3',
        'host: c2': 'port: 0, host: c2',
      }),
    );
    expect(spec).toBeUndefined();
    expect(told(problems)).toEqual([
      'version-too-old 6:10 redis:8.2.0',
      'unknown-directive 7:46 maxmemroy',
      'duplicate-key 20:17 name',
      'unknown-key 21:17 colour',
      'unknown-host 27:34 b3',
      'out-of-range 29:34 0',
    ]);
  });

  test('what is missing because of one fault is not told as another', () => {
    // Without its name the host cannot be counted: nobody is told that `b1` is unknown, or that `s2` lacks a primary.
    expect(told(read(fleet({ '{ name: b1, zone: eu-b': '{ zone: eu-b' })).problems)).toEqual([
      'missing-field 21:5 { zone, address, docker, ssh }',
    ]);
    expect(told(read(fleet({ 'name: n3, shard: s2': 'name: n3' })).problems)).toEqual([
      'missing-field 28:5 { name, host, role }',
    ]);
    expect(
      told(
        read(fleet({ 'image: redis:8.6.3\n': 'img: redis:8.6.3\n' })).problems.filter(
          ({ code }) => code !== 'unknown-key',
        ),
      ),
    ).toHaveLength(1);
  });

  test('a report has an end', () => {
    const { problems } = read(
      `${fleet()}${Array.from({ length: 5000 }, (_, index) => `x${index}: 1\n`).join('')}`,
    );
    expect(problems).toHaveLength(201);
    expect(problems.at(-1)?.code).toBe('too-many-problems');
  });
});
