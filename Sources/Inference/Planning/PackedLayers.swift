import Compute
enum Packing {
  static func dense(_ w: MatrixWeights, bias: [Float], maxoutPairs: Bool, for t: KernelSet) -> PackedLayer { fatalError() }
  static func recurrentInput(_ w: RecurrentWeights, bias: [Float], gates: Int, for t: KernelSet) -> PackedLayer { fatalError() }
  static func recurrentTable(_ w: RecurrentWeights, bias: [Float], gates: Int) -> PackedLayer { fatalError() }
  static func recurrent(_ w: RecurrentWeights, gates: Int) -> PackedLayer { fatalError() }
}
extension ConvolutionLowering {
 func pack(_ m: Method, for t: KernelSet) -> PackedLayer { fatalError() }
}
