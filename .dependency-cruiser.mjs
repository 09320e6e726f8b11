import { dependencyRules } from './tools/dependency-rules.ts';

export default dependencyRules;
