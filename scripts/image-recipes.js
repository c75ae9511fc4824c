// What the images are made of where no registry answers: Debian packages, laid out without installing them.

/**
 * @typedef {object} Recipe
 * @property {string[]} suites of Debian; the first is the one that the rest of the system comes from
 * @property {string[]} packages
 * @property {string} finish shell commands that complete the file tree in "$1"
 * @property {string[]} changes to the image's settings, as in a Dockerfile
 */

/** The version that the demo and the tests run. */
export const redisImage = 'redis:8.6.3';

/** Enough of a system for a shell, a health check, and somebody who looks around in the container. */
const system = [
  'base-files',
  'base-passwd',
  'bash',
  'coreutils',
  'dash',
  'debianutils',
  'diffutils',
  'findutils',
  'grep',
  'gzip',
  'hostname',
  'libc-bin',
  'procps',
  'sed',
  'tar',
  'util-linux',
];

/** The packages' own scripts are not run (that takes three times as long), so what matters of them is done here. */
const finishSystem = `
set -eu
cd "$1"
cp usr/share/base-passwd/passwd.master etc/passwd
cp usr/share/base-passwd/group.master etc/group
chmod 1777 tmp
rm -rf usr/share/doc usr/share/info usr/share/locale usr/share/man
cp usr/share/libc-bin/nsswitch.conf etc/nsswitch.conf
: > etc/apt/sources.list
`;

/**
 * The user has the same number as in the official image, so that a volume can go from one to the other.
 *
 * @type {Recipe}
 */
export const redisFromPackages = {
  suites: ['trixie', 'experimental'],
  packages: [...system, 'redis-server=5:8.6.3-1', 'redis-tools=5:8.6.3-1'],
  finish: `${finishSystem}
echo 'redis:x:999:999::/data:/usr/sbin/nologin' >> etc/passwd
echo 'redis:x:999:' >> etc/group
rm -rf etc/redis var/lib/redis var/log/redis
mkdir -p data
chown 999:999 data
chroot . ldconfig
`,
  changes: ['USER redis', 'WORKDIR /data', 'VOLUME /data', 'EXPOSE 6379', 'CMD ["redis-server"]'],
};

/**
 * Stands in for the official Node.js image under the reconciler: the same user, and what Git needs on top.
 *
 * @param {string} nodeBinary
 * @returns {Recipe}
 */
export function nodeFromPackages(nodeBinary) {
  return {
    suites: ['trixie'],
    packages: [...system, 'ca-certificates', 'git', 'openssh-client', 'libatomic1', 'libstdc++6'],
    finish: `${finishSystem}
echo 'node:x:1000:1000::/home/node:/bin/bash' >> etc/passwd
echo 'node:x:1000:' >> etc/group
mkdir -p home/node usr/local/bin etc/ssl/certs
chown 1000:1000 home/node
cat usr/share/ca-certificates/mozilla/*.crt > etc/ssl/certs/ca-certificates.crt
cp ${JSON.stringify(nodeBinary)} usr/local/bin/node
chroot . ldconfig
`,
    changes: ['CMD ["node"]'],
  };
}
