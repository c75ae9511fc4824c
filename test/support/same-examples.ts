/**
 * Property tests try the same examples in every run, so that a run which failed can be had again, and a commit is not
 * stopped by what it did not change. `EXAMPLE_SEED=7` tries others.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['EXAMPLE_SEED'] ?? '1') });
