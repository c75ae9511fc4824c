import { describe, expect, test } from 'vitest';
import { canonicalRules } from '../../reconciler/wire/acl.ts';
import { example, expectProblems, expectProblemsWith, fleet, read, told } from './claims.ts';

test('a fleet in three zones has no problem', () => {
  expect(told(read(fleet()).problems)).toEqual([]);
});

test('the example has one warning, on purpose', () => {
  const { spec, problems } = read(example());
  expect(spec?.nodes).toHaveLength(6);
  expect(problems.map((problem) => problem.code)).toEqual(['one-engine-many-zones']);
});

describe('names', () => {
  test('two hosts, nodes or users of one name are refused', () => {
    expectProblems(
      fleet({ '{ name: a2, zone: eu-a': '{ name: «a1», zone: eu-a', 'host: a2': 'port: 7000, host: a1' }),
      'duplicate-host',
    );
    expectProblems(fleet({ 'name: n3': 'name: «n1»' }), 'duplicate-node');
    expectProblems(
      fleet({
        '  - { name: app,': "  - { name: app, rules: '~x* +get', password: { file: x } }\n  - { name: «app»,",
      }),
      'duplicate-user',
    );
  });
});

describe('hosts', () => {
  test('SSH needs to know the keys, TLS the certificates', () => {
    expectProblems(
      fleet({ 'docker: ssh://ops@10.0.2.1, ssh: *ssh': 'docker: «ssh://ops@10.0.2.1»' }),
      'missing-ssh',
    );
    expectProblems(
      fleet({ 'docker: ssh://ops@10.0.2.1, ssh: *ssh': 'docker: «tcp+tls://10.0.2.1:2376»' }),
      'missing-tls',
    );
  });

  test('a section for another transport is a warning', () => {
    expectProblems(
      fleet({ 'docker: ssh://ops@10.0.2.1, ssh:': 'docker: unix:///run/b1.sock, «ssh»:' }),
      'unused-section?',
    );
  });

  test('an address that its transport cannot use is refused', () => {
    expectProblems(
      fleet({ 'docker: ssh://ops@10.0.2.1,': 'docker: «ssh://10.0.2.1»,' }),
      'invalid-engine-address',
    );
    expectProblems(
      fleet({ 'docker: ssh://ops@10.0.2.1,': 'docker: «ssh://ops@10.0.2.1:99999»,' }),
      'invalid-engine-address',
    );
  });

  test('a password in an address is not repeated', () => {
    const problems = expectProblems(
      fleet({ 'docker: ssh://ops@10.0.2.1,': 'docker: «ssh://ops:hunter2@10.0.2.1»,' }),
      'secret-in-url=ssh://[hidden]@10.0.2.1',
    );
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test('a host without nodes is a warning', () => {
    expectProblems(
      fleet({
        'nodes:\n': '  - { name: «d1», zone: eu-d, address: 10.0.4.1, docker: unix:///d1 }\nnodes:\n',
      }),
      'unused-host?',
    );
  });

  test('one engine in several zones is a warning, said once', () => {
    expectProblems(
      fleet({
        'docker: ssh://ops@10.0.1.2': 'docker: ssh://ops@10.0.9.9',
        'docker: ssh://ops@10.0.2.1': 'docker: «ssh://ops@10.0.9.9»',
        'docker: ssh://ops@10.0.3.1': 'docker: ssh://ops@10.0.9.9',
        'host: b1, role: primary': 'host: b1, role: primary, port: 7001',
        'host: c1, role: primary': 'host: c1, role: primary, port: 7002',
      }),
      'one-engine-many-zones?',
    );
  });
});

describe('addresses', () => {
  test('a host name is no address to announce', () => {
    expectProblems(fleet({ 'address: 10.0.2.1': 'address: «redis-b1.example»' }), 'not-an-ip-address');
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: primary, address: «b1»' }),
      'not-an-ip-address',
    );
    expectProblems(fleet({ 'address: 10.0.2.1': "address: «'10.0.2.01'»" }), 'not-an-ip-address');
  });

  test('nor is one that other machines cannot reach', () => {
    expectProblems(fleet({ 'address: 10.0.2.1': 'address: «127.0.0.1»' }), 'unreachable-address');
    expectProblems(fleet({ 'address: 10.0.2.1': 'address: «0.0.0.0»' }), 'unreachable-address');
    expectProblems(fleet({ 'address: 10.0.2.1': "address: «'::'»" }), 'unreachable-address');
  });

  test('in host mode every host that is used has one, unless its nodes have', () => {
    expectProblems(
      fleet({ '{ name: b1, zone: eu-b, address: 10.0.2.1,': '«{ name: b1, zone: eu-b,' }),
      'missing-address=host b1',
    );
    const without = fleet({
      '{ name: b1, zone: eu-b, address: 10.0.2.1,': '{ name: b1, zone: eu-b,',
      'host: b1, role': 'host: b1, address: 10.0.2.1, role',
    });
    expectProblems(without);
  });

  test('two nodes of one machine have different ports, the bus included', () => {
    expectProblems(
      fleet({
        'host: a2, role: replica': 'host: a1, role: replica, port: «6379»',
        '{ name: a2': '{ name: «a2»',
      }),
      'unused-host?=a2',
      'duplicate-address=10.0.1.1:6379',
      'duplicate-address=10.0.1.1:16379',
    );
    expectProblems(
      fleet({
        'address: 10.0.1.2': 'address: 10.0.1.1',
        'host: a2, role: replica': 'host: a2, role: replica, port: «16379»',
      }),
      'duplicate-address=10.0.1.1:16379',
    );
    expectProblems(
      fleet({
        'address: 10.0.1.2': 'address: 10.0.1.1',
        'host: a2, role: replica': 'host: a2, role: replica, port: 7000, busPort: «6379»',
      }),
      'duplicate-address=10.0.1.1:6379',
    );
  });

  test('one address written in two ways is one address', () => {
    expectProblems(
      fleet({
        'host: a1, role: primary': "host: a1, role: primary, address: 'fd00::1'",
        'host: a2, role: replica':
          "host: a2, role: replica, address: 'FD00:0:0:0:0:0:0:1', port: 26379, busPort: «6379»",
      }),
      'duplicate-address=FD00:0:0:0:0:0:0:1:6379',
    );
  });

  test('a bus port that does not exist, or is the port itself, is refused', () => {
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: primary, port: «60000»' }),
      'bus-port-too-high',
    );
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: primary, busPort: «6379»' }),
      'duplicate-address',
    );
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: primary, port: 60000, busPort: 6000' }),
    );
  });
});

describe('bridge network', () => {
  const quiet = (changes: Record<string, string>, ...expected: string[]) => {
    const marked = example({
      '{ name: b1, zone: eu-b, docker: unix:///var/run/docker.sock }':
        '{ name: b1, zone: eu-a, docker: unix:///var/run/docker.sock }',
      '{ name: c1, zone: eu-c, docker: unix:///var/run/docker.sock }':
        '{ name: c1, zone: eu-a, docker: unix:///var/run/docker.sock }',
      'nodes:\n': 'placement: host\nnodes:\n',
      ...changes,
    });
    return expectProblems(marked, ...expected);
  };

  test('it ends at its engine', () => {
    expectProblems(
      example({
        '{ name: b1, zone: eu-b, docker: unix:///var/run/docker.sock }':
          '{ name: b1, zone: eu-b, docker: «unix:///run/other.sock» }',
        '{ name: c1, zone: eu-c, docker: unix:///var/run/docker.sock }':
          '{ name: c1, zone: eu-c, docker: «unix:///var/run/docker.sock» }',
      }),
      'bridge-spans-engines',
      'one-engine-many-zones?',
    );
  });

  test('fixed addresses need a subnet, lie in it, and are not its own', () => {
    quiet(
      { '  subnet: 10.213.47.0/24\n': '', 'address: 10.213.47.11': 'address: «10.213.47.11»' },
      'missing-subnet',
    );
    quiet({ 'subnet: 10.213.47.0/24': 'subnet: «10.213.47.1/24»' }, 'invalid-subnet');
    quiet({ 'address: 10.213.47.12': 'address: «10.213.48.12»' }, 'address-outside-subnet');
    quiet({ 'address: 10.213.47.12': 'address: «10.213.47.1»' }, 'reserved-address');
    quiet({ 'address: 10.213.47.12': 'address: «10.213.47.255»' }, 'reserved-address');
  });

  test('two nodes cannot have one address, whatever their ports', () => {
    quiet({ 'address: 10.213.47.14': 'address: «10.213.47.11»' }, 'duplicate-address');
  });

  test('addresses for some nodes only are a warning', () => {
    quiet({ 'name: orders-2,': 'name: «orders-2»,', ', address: 10.213.47.12': '' }, 'mixed-addresses?');
  });

  test('published ports are different, and the address is one', () => {
    quiet({ 'port: 7004': 'port: «7001»' }, 'duplicate-published-port=127.0.0.1:7001');
    quiet({ 'publish: 127.0.0.1': 'publish: «localhost»' }, 'not-an-ip-address');
  });
});

describe('topology', () => {
  test('fewer than three shards are refused', () => {
    expectProblems(
      fleet({
        'nodes:\n': '«nodes»:\n',
        'n5, shard: s3': 'n5, shard: s2',
        'n6, shard: s3': 'n6, shard: s1',
        'host: c1, role: primary': 'host: a1, port: 7000, role: replica',
        'host: a2, role: replica': 'host: c1, role: replica',
        'name: a2,': 'name: «a2»,',
      }),
      'unused-host?=a2',
      'too-few-shards=shards s1, s2',
    );
  });

  test('an unknown host is refused, with the one that was meant', () => {
    const [problem] = expectProblems(fleet({ 'host: a2, role': 'host: «a22», role' }), 'unknown-host');
    expect(problem?.hint).toContain('did you mean `a2`?');
  });

  test('two members of a shard are kept apart as the placement asks', () => {
    const together = {
      'n2, shard: s1, host: b2': 'n2, shard: s1, host: «a2»',
      'n6, shard: s3, host: a2': 'n6, shard: s3, host: b2',
    };
    expectProblems(fleet(together), 'shard-in-one-zone');
    expectProblems(fleet({ ...together, 'nodes:\n': 'placement: host\nnodes:\n' }));
    const onOne = {
      'n2, shard: s1, host: b2,': 'n2, shard: s1, port: 7000, host: «a1»,',
      'n6, shard: s3, host: a2': 'n6, shard: s3, host: b2',
      '{ name: a2': '{ name: «a2»',
    };
    expectProblems(fleet({ ...onOne, '{ name: a2': '{ name: «a2»' }), 'unused-host?', 'shard-on-one-host');
    expectProblems(
      fleet({ ...onOne, 'nodes:\n': 'placement: host\nnodes:\n' }),
      'unused-host?',
      'shard-on-one-host',
    );
    expectProblems(fleet({ ...onOne, 'nodes:\n': 'placement: single-host\nnodes:\n' }), 'unused-host?');
  });

  test('a shard has one node that is to be primary, and one that may be', () => {
    expectProblems(fleet({ 'host: b2, role: replica': 'host: b2, role: «primary»' }), 'two-primaries');
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: «replica»' }),
      'shard-without-primary',
    );
    expectProblems(fleet({ 'host: b1, role: primary': 'host: b1' }));
  });
});

describe('majority', () => {
  test('roles that put half of the primaries into one zone are refused when others would not', () => {
    const [problem] = expectProblems(
      fleet({
        'host: c1, role: primary': 'host: c1, role: replica',
        'host: a2, role: replica': 'host: a2, role: «primary»',
      }),
      'majority-in-one-zone',
    );
    expect(problem?.hint).toContain('`n5` the primary of shard `s3`');
  });

  test('the same on one host where hosts are the domains', () => {
    expectProblems(
      fleet({
        'nodes:\n': 'placement: host\nnodes:\n',
        'n5, shard: s3, host: c1, role: primary': 'n5, shard: s3, host: c1, role: replica',
        'n6, shard: s3, host: a2, role: replica': 'n6, shard: s3, host: a1, port: 7000, role: «primary»',
        '{ name: a2': '{ name: «a2»',
      }),
      'unused-host?=a2',
      'majority-in-one-zone=primary',
    );
  });

  test('two zones cannot avoid it: a warning says what that means', () => {
    const [problem] = expectProblems(
      fleet({
        'hosts:\n': '«hosts»:\n',
        'c1, zone: eu-c': 'c1, zone: eu-a',
        'c2, zone: eu-c': 'c2, zone: eu-a',
        'n6, shard: s3, host: a2': 'n6, shard: s3, host: b2, port: 7000',
        'n1, shard: s1, host: a1': 'n1, shard: s1, host: a2',
        '- name: a1': '- name: «a1»',
      }),
      'majority-in-one-zone?=zones eu-a, eu-b',
      'unused-host?',
    );
    expect(problem?.summary).toContain('2 of 3 primaries');
    expect(problem?.hint).toContain('3 shards need 3 zones');
  });

  test('placement on hosts says that a zone may take the cluster along', () => {
    expectProblems(
      fleet({
        'nodes:\n': 'placement: host\nnodes:\n',
        'b1, zone: eu-b': 'b1, zone: eu-a',
        'b2, zone: eu-b': 'b2, zone: eu-a',
        'c1, zone: eu-c': 'c1, zone: eu-a',
        'c2, zone: eu-c': 'c2, zone: eu-a',
      }),
    );
  });
});

describe('version', () => {
  test('it must be told in full, by the tag or beside it', () => {
    expectProblems(fleet({ 'image: redis:8.6.3': 'image: «redis:8.6»' }), 'unknown-version');
    expectProblems(fleet({ 'image: redis:8.6.3': 'image: «redis»' }), 'unknown-version');
    expectProblems(fleet({ 'image: redis:8.6.3': 'image: redis:latest\n  version: 8.6.3' }));
    expectProblems(
      fleet({ 'image: redis:8.6.3': 'image: registry.example:5000/base/redis:8.6.3-alpine@sha256:abc' }),
    );
  });

  test('it must not contradict the tag, nor be older than 8.4', () => {
    expectProblems(
      fleet({ 'image: redis:8.6.3': 'image: redis:8.6.3\n  version: «8.4.0»' }),
      'version-mismatch',
    );
    expectProblems(fleet({ 'image: redis:8.6.3': 'image: «redis:8.2.1»' }), 'version-too-old');
    expectProblems(fleet({ 'image: redis:8.6.3': 'image: redis\n  version: «7.4.2»' }), 'version-too-old');
  });
});

describe('memory', () => {
  test('a quarter of the container is left for forks and buffers, and 64mb at least', () => {
    const [problem] = expectProblems(fleet({ 'memory: 8gb': 'memory: «7gb»' }), 'memory-limit-too-small');
    expect(problem?.hint).toBe('raise the limit to 8192mb, or lower `maxmemory` to 5376mb');
    expectProblems(
      fleet({ 'memory: 8gb': 'memory: «100mb»', 'maxmemory: 6gb': 'maxmemory: 64mb' }),
      'memory-limit-too-small',
    );
    expectProblems(fleet({ 'memory: 8gb': 'memory: 128mb', 'maxmemory: 6gb': 'maxmemory: 64mb' }));
  });

  test('the limit of one node is judged with its own maxmemory', () => {
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: primary, resources: { memory: «4gb» }' }),
      'memory-limit-too-small',
    );
    expectProblems(
      fleet({
        'host: b1, role: primary':
          'host: b1, role: primary, resources: { memory: 4gb }, config: { maxmemory: 3gb }',
      }),
    );
  });

  test('a limit without maxmemory is refused', () => {
    expectProblems(
      fleet({ 'memory: 8gb': 'memory: «8gb»', 'maxmemory: 6gb, ': '' }),
      'memory-limit-without-maxmemory',
    );
  });

  test('maxclients must fit into the open files', () => {
    expectProblems(
      fleet({ 'nofile: 20000': 'nofile: «20000»', 'appendonly: yes': 'appendonly: yes, maxclients: 20000' }),
      'nofile-below-maxclients',
    );
  });
});

describe('config', () => {
  const config = (text: string) => fleet({ 'appendonly: yes': `appendonly: yes, ${text}` });

  test('an unknown directive is refused, with the one that was meant', () => {
    const [problem] = expectProblems(config('«maxmemory-polcy»: allkeys-lru'), 'unknown-directive');
    expect(problem?.hint).toContain('`maxmemory-policy`');
    expectProblems(
      fleet({ 'host: b1, role: primary': 'host: b1, role: primary, config: { «hzz»: 10 }' }),
      'unknown-directive',
    );
  });

  test('a directive that RedisForge owns is refused, with the field that is meant', () => {
    expect(expectProblems(config('«port»: 7000'), 'owned-directive')[0]?.hint).toContain('nodes[].port');
    expect(expectProblems(config('«cluster-enabled»: yes'), 'owned-directive')[0]?.hint).toContain(
      'remove it',
    );
    expect(expectProblems(config('«dir»: /data'), 'owned-directive')[0]?.hint).toContain('remove it');
    const [problem] = expectProblems(config('«requirepass»: hunter2'), 'owned-directive');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    expect(problem?.hint).toContain('users');
  });

  test.each([
    ['port: 1', 'nodes[].port'],
    ['cluster-port: 1', 'nodes[].busPort'],
    ['bind: x', 'hosts[].address'],
    ['cluster-announce-hostname: x', 'network.hostname'],
    ['aclfile: x', 'users'],
    ['masterauth: x', 'auth.replication.password'],
    ['replicaof: x 1', 'nodes[].shard'],
    ['tls-port: 1', 'TLS'],
    ['dir: /x', 'rest of the spec'],
  ])('%s is said elsewhere: %s', (line, place) => {
    const [problem] = read(config(line)).problems;
    expect(problem?.code).toBe('owned-directive');
    expect(problem?.hint).toContain(place);
  });

  test('a directive or a value that the version does not know is refused', () => {
    const old = { 'image: redis:8.6.3': 'image: redis:8.4.2' };
    expectProblems(
      fleet({ ...old, 'appendonly: yes': 'appendonly: yes, «key-memory-histograms»: yes' }),
      'directive-not-in-version',
    );
    expectProblems(
      fleet({ ...old, 'appendonly: yes': 'appendonly: yes, maxmemory-policy: «allkeys-lrm»' }),
      'directive-not-in-version',
    );
    expectProblems(config('maxmemory-policy: allkeys-lrm'));
  });

  test('a value that the server would refuse is refused', () => {
    expectProblems(config('maxmemory-policy: «allkeys»'), 'invalid-directive-value');
    expectProblems(config('hz: «fast»'), 'invalid-directive-value');
    expectProblems(config('save: «3600»'), 'invalid-directive-value');
    expectProblems(config('maxmemory-samples: «0»'), 'invalid-directive-value');
  });

  test('one directive under two names is given twice', () => {
    expectProblems(config('min-replicas-max-lag: 5, «min-slaves-max-lag»: 6'), 'duplicate-directive');
  });

  test('what needs an allocator that images may lack is a warning', () => {
    expectProblems(config('activedefrag: «yes»'), 'needs-bundled-jemalloc?');
  });

  test('no persistence is a warning', () => {
    expectProblems(fleet({ 'appendonly: yes': "save: «''»" }), 'no-persistence?');
    expectProblems(
      fleet({ 'host: b1, role: primary': "host: b1, role: primary, config: { appendonly: no, save: «''» }" }),
      'no-persistence?',
    );
  });

  test('min-replicas-to-write leaves one replica free to be away', () => {
    expect(expectProblems(config('min-replicas-to-write: «1»'), 'min-replicas-unsatisfiable')[0]?.hint).toBe(
      'set it to 0, or give each shard 2 replicas',
    );
    const third = fleet({
      'appendonly: yes': 'appendonly: yes, min-replicas-to-write: 1',
      'nodes:\n':
        'nodes:\n  - { name: m1, shard: s1, host: c1, port: 7001 }\n  - { name: m2, shard: s2, host: a1, port: 7002 }\n  - { name: m3, shard: s3, host: b1, port: 7003 }\n',
    });
    expectProblems(third);
  });

  test('maxclients leaves room for others than the nodes themselves', () => {
    expect(expectProblems(config('maxclients: «73»'), 'maxclients-too-small')[0]?.hint).toContain(
      'at least 74',
    );
    expectProblems(config('maxclients: 74'));
  });

  test('the node timeout is in milliseconds, and the same everywhere', () => {
    expectProblems(config('cluster-node-timeout: «5»'), 'node-timeout-too-short');
    expectProblems(config('cluster-node-timeout: «900000»'), 'node-timeout-too-long?');
    expectProblems(
      fleet({
        'host: b1, role: primary': 'host: b1, role: primary, config: { «cluster-node-timeout»: 5000 }',
      }),
      'uneven-node-timeout',
    );
  });
});

describe('users', () => {
  const user = (text: string) =>
    fleet({ "  - { name: app, rules: '~* +@all -@admin', password: { file: app } }": `  - ${text}` });

  test('names that RedisForge needs are reserved', () => {
    for (const name of ['default', 'redisforge', 'replication']) {
      expectProblems(user(`{ name: «${name}», rules: '~* +get', password: { file: x } }`), 'reserved-user');
    }
  });

  test('a user without rules or without a password is told', () => {
    expectProblems(user("{ name: x, rules: «' '», password: { file: x } }"), "empty-rules=' '");
    expectProblems(user("{ name: «x», rules: '~* +get' }"), 'user-without-password?');
    expectProblems(user("{ name: x, rules: '~* +get', enabled: false }"));
  });

  test('passwords and states do not belong into rules, and passwords are not repeated', () => {
    const problems = expectProblems(
      user("{ name: x, rules: ['~* +get', «'>hunter2»'], password: { file: x } }"),
      'password-in-rules=>[hidden]',
    );
    expect(JSON.stringify(problems)).not.toContain('hunter2');
    expectProblems(
      user('{ name: x, rules: «nopass ~* +get», password: { file: x } }'),
      'password-in-rules=nopass',
    );
    expectProblems(user('{ name: x, rules: «on ~* +get», password: { file: x } }'), 'state-in-rules=on');
  });

  test('the rules are judged as the server would', () => {
    const options = { checkRules: canonicalRules };
    const [problem] = expectProblemsWith(
      options,
      user("{ name: x, rules: ['~*', «+gett»], password: { file: x } }"),
      'invalid-rules',
    );
    expect(problem?.summary).toBe('the rule `+gett` of user `x` names no command: did you mean get?');
    expectProblemsWith(
      options,
      user('{ name: x, rules: «"~* +@al"», password: { file: x } }'),
      'invalid-rules=+@al',
    );
    expect(read(example(), options).problems.map(({ code }) => code)).toEqual(['one-engine-many-zones']);
    const long = read(user(`{ name: x, rules: "~* +${'get'.repeat(200)}", password: { file: x } }`), options);
    expect(told(long.problems)).toEqual(['invalid-rules 13:23 +getgetgetgetgetgetg']);
  });
});

describe('shares, windows and recoveries', () => {
  test('a shard that has a weight has to exist, once', () => {
    expectProblems(fleet({ 'users:': 'shards: [{ name: «s9», weight: 2 }]\nusers:' }), 'unknown-shard');
    expectProblems(fleet({ 'users:': 'shards: [{ name: s1 }, { name: «s1» }]\nusers:' }), 'duplicate-shard');
    expect(told(read(fleet({ 'users:': 'shards: [{ name: s1, weight: 2 }]\nusers:' })).problems)).toEqual([]);
  });

  test('a window has to open some day, in a time zone that there is', () => {
    const windows = (cron: string, timezone = 'UTC') =>
      fleet({
        'users:': `maintenance: { timezone: ${timezone}, windows: [{ cron: ${cron}, minutes: 60 }] }\nusers:`,
      });
    expectProblems(windows("«'99 2 * * 6'»"), 'invalid-cron');
    expectProblems(windows("«'0 2 31 2 *'»"), 'invalid-cron');
    expectProblems(windows("«'* 0 2 * * 6'»"), 'invalid-cron');
    expectProblems(windows("'0 2 * * 6'", '«Europe/Atlantis»'), 'unknown-timezone');
    expect(told(read(windows("'0 2 * * 6'", 'Europe/Berlin')).problems)).toEqual([]);
  });

  test('a recovery names replicas and hosts that there are, one for each shard', () => {
    const recovery = (text: string) => fleet({ 'users:': `recovery: { ${text}, reason: fire }\nusers:` });
    expectProblems(recovery('takeover: [«n9»]'), 'unknown-node');
    expectProblems(recovery('takeover: [n1, «n2»]'), 'two-takeovers');
    expectProblems(recovery('takeover: [n2], hostsAreOff: [«a9»]'), 'unknown-host');
    expect(told(read(recovery('takeover: [n2], hostsAreOff: [a1]')).problems)).toEqual([]);
  });
});
