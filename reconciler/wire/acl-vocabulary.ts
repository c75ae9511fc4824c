/**
 * The words that access rules may use: command categories, commands and subcommands of Redis 8.4 to 8.6, as
 * COMMAND LIST and ACL CAT of an 8.6.3 server print them.
 */

/** Categories of the server itself, without the `@`. */
export const CATEGORIES: readonly string[] = wordsOf(`
  keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking
  dangerous connection transaction scripting
`);

/** Categories that the modules of the official image add. A server without them refuses these words. */
export const MODULE_CATEGORIES: readonly string[] = wordsOf(`
  search json timeseries bloom cuckoo cms topk tdigest
`);

const PLAIN: readonly string[] = wordsOf(`
  append asking auth bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove blmpop blpop
  brpop brpoplpush bzmpop bzpopmax bzpopmin copy dbsize debug decr decrby del delex digest discard dump
  echo eval eval_ro evalsha evalsha_ro exec exists expire expireat expiretime failover fcall fcall_ro
  flushall flushdb geoadd geodist geohash geopos georadius georadius_ro georadiusbymember
  georadiusbymember_ro geosearch geosearchstore get getbit getdel getex getrange getset hdel hello hexists
  hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby hincrbyfloat hkeys hlen hmget hmset
  hpersist hpexpire hpexpireat hpexpiretime hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl hvals
  incr incrby incrbyfloat info keys lastsave lcs lindex linsert llen lmove lmpop lolwut lpop lpos lpush
  lpushx lrange lrem lset ltrim mget migrate monitor move mset msetex msetnx multi persist pexpire
  pexpireat pexpiretime pfadd pfcount pfdebug pfmerge pfselftest ping psetex psubscribe psync pttl publish
  punsubscribe quit randomkey readonly readwrite rename renamenx replconf replicaof reset restore
  restore-asking role rpop rpoplpush rpush rpushx sadd save scan scard sdiff sdiffstore select set setbit
  setex setnx setrange shutdown sinter sintercard sinterstore sismember slaveof smembers smismember smove
  sort sort_ro spop spublish srandmember srem sscan ssubscribe strlen subscribe substr sunion sunionstore
  sunsubscribe swapdb sync time touch trimslots ttl type unlink unsubscribe unwatch vadd vcard vdim vemb
  vgetattr vinfo vismember vlinks vrandmember vrange vrem vsetattr vsim wait waitaof watch xack xackdel
  xadd xautoclaim xcfgset xclaim xdel xdelex xidmprecord xlen xpending xrange xread xreadgroup xrevrange
  xsetid xtrim zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop
  zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem
  zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan
  zscore zunion zunionstore
`);

const CONTAINERS: Readonly<Record<string, string>> = {
  acl: 'cat deluser dryrun genpass getuser help list load log save setuser users whoami',
  client:
    'caching getname getredir help id info kill list no-evict no-touch pause reply setinfo setname tracking trackinginfo unblock unpause',
  cluster:
    'addslots addslotsrange bumpepoch count-failure-reports countkeysinslot delslots delslotsrange failover flushslots forget getkeysinslot help info keyslot links meet migration myid myshardid nodes replicas replicate reset saveconfig set-config-epoch setslot shards slaves slot-stats slots syncslots',
  command: 'count docs getkeys getkeysandflags help info list',
  config: 'get help resetstat rewrite set',
  function: 'delete dump flush help kill list load restore stats',
  hotkeys: 'get help reset start stop',
  latency: 'doctor graph help histogram history latest reset',
  memory: 'doctor help malloc-stats purge stats usage',
  module: 'help list load loadex unload',
  object: 'encoding freq help idletime refcount',
  pubsub: 'channels help numpat numsub shardchannels shardnumsub',
  script: 'debug exists flush help kill load',
  slowlog: 'get help len reset',
  xgroup: 'create createconsumer delconsumer destroy help setid',
  xinfo: 'consumers groups help stream',
};

/** Every command, with its subcommands where it has any. */
export const COMMANDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...PLAIN.map((name) => [name, new Set<string>()] as const),
  ...Object.entries(CONTAINERS).map(([name, subcommands]) => [name, new Set(wordsOf(subcommands))] as const),
]);

/** Commands and subcommands that came after 8.4, with the version that brought them. */
export const COMMANDS_SINCE: Readonly<Record<string, string>> = {
  hotkeys: '8.6.0',
  'hotkeys|help': '8.6.1',
  xcfgset: '8.6.0',
  xidmprecord: '8.6.2',
};

function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}
