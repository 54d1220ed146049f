// Brings the microphone's samples to the network's rate, each the mean of what it lasts, and hands them on.
registerProcessor("listener", class extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate, hop } }) {
    super();
    Object.assign(this, { step: sampleRate / rate, samples: new Float32Array(hop), filled: 0, sum: 0, left: sampleRate / rate });
  }
  process([[channel]]) {
    for (const sample of channel ?? []) {
      let rest = 1;
      while (rest >= this.left) {
        this.samples[this.filled++] = (this.sum + sample * this.left) / this.step;
        [rest, this.sum, this.left] = [rest - this.left, 0, this.step];
        if (this.filled === this.samples.length) {
          this.port.postMessage(this.samples);
          this.filled = 0;
        }
      }
      this.sum += sample * rest;
      this.left -= rest;
    }
    return true;
  }
});
