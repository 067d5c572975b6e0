export default {
  extensions: ['ts'],
  files: [
    'libs/**/*.test.ts',
    'services/**/*.test.ts',
    'envoy/**/*.test.ts',
    'scripts/**/*.test.ts',
    'test/**/*.test.ts',
  ],
  timeout: '2m',
  workerThreads: false,
  failFast: false,
};
